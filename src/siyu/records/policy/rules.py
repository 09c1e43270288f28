"""The rules, pure and in the order in which they are asked. Raise a version with each change of meaning.

What answers the customer (MessageKind.SERVICE) is exempt from caps and quiet hours, not from consent
(architecture §2.15). What a rule needs and does not know denies.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils.translation import gettext_lazy as _

from siyu.records.policy.contracts import (
    Action,
    Consent,
    Denial,
    Limits,
    MessageKind,
    PolicyInput,
    Relation,
    Rule,
)

SEND = frozenset({Action.SEND_MESSAGE})

_ASK_ADMIN = _("An administrator can change the limits under Settings.")
_ASK_SUPPORT = _("Report it: a part of the question was not answered by the system.")


def in_quiet_hours(moment: time, start: time, end: time) -> bool:
    """Whether a local time lies in [start, end); the window may pass midnight; equal ends: no window."""
    if start == end:
        return False
    if start < end:
        return start <= moment < end
    return moment >= start or moment < end


def quiet_ends(at: datetime, limits: Limits) -> datetime:
    """The next end of quiet hours after ``at`` (which lies within them)."""
    local = at.astimezone(limits.timezone)
    end = local.replace(
        hour=limits.quiet_until.hour, minute=limits.quiet_until.minute, second=0, microsecond=0
    )
    return (end if end > local else end + timedelta(days=1)).astimezone(at.tzinfo)


def next_allowed(at: datetime, limits: Limits) -> datetime:
    """The beginning of the next brand day, moved out of quiet hours."""
    local = (at.astimezone(limits.timezone) + timedelta(days=1)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )
    if in_quiet_hours(local.time(), limits.quiet_from, limits.quiet_until):
        return quiet_ends(local.astimezone(at.tzinfo), limits)
    return local.astimezone(at.tzinfo)


def known(ctx: PolicyInput, limits: Limits, at: datetime) -> Denial | None:
    """Denies while something that any rule needs is missing."""
    needed = [ctx.customer_id, ctx.kind, ctx.consent, ctx.opted_out, ctx.relation]
    if ctx.kind is MessageKind.PROMOTIONAL:
        needed += [ctx.promotional_today, ctx.promotional_7_days]
    if None in needed or not ctx.channel:
        return Denial(_("Not everything is known that must be known before sending."), _ASK_SUPPORT)
    return None


def opted_out(ctx: PolicyInput, limits: Limits, at: datetime) -> Denial | None:
    """Nobody who refused every channel is written to, whatever the kind."""
    if ctx.opted_out:
        return Denial(_("The customer wants no messages."), _("Only the customer can take this back."))
    return None


def consent(ctx: PolicyInput, limits: Limits, at: datetime) -> Denial | None:
    """A refusal of this channel and purpose holds; promotional may need a stated yes (setting)."""
    if ctx.consent is Consent.REFUSED:
        return Denial(
            _("The customer has refused this kind of message."), _("Only the customer can take this back.")
        )
    if (
        ctx.kind is MessageKind.PROMOTIONAL
        and ctx.consent is Consent.NOT_STATED
        and (limits.promotional_needs_consent or ctx.relation is Relation.NOT_NEEDED)
    ):
        return Denial(_("The customer has not agreed to promotional messages."), _("Ask the customer first."))
    return None


def relation(ctx: PolicyInput, limits: Limits, at: datetime) -> Denial | None:
    """A channel that goes through a friend relation needs one that stands."""
    if ctx.relation is Relation.NOT_FRIEND:
        return Denial(
            _("The customer and this employee are not friends."),
            _("Choose an employee who is a friend, or invite the customer again."),
        )
    return None


def cap(ctx: PolicyInput, limits: Limits, at: datetime) -> Denial | None:
    """Promotional messages per person: so many on a brand day, so many in seven days."""
    if ctx.kind is not MessageKind.PROMOTIONAL:
        return None
    if ctx.promotional_today is None or ctx.promotional_7_days is None:
        return Denial(_("Not everything is known that must be known before sending."), _ASK_SUPPORT)
    if ctx.promotional_today >= limits.cap_per_day:
        return Denial(_("The customer has had today's messages."), _ASK_ADMIN, next_allowed(at, limits))
    if ctx.promotional_7_days >= limits.cap_per_7_days:
        return Denial(_("The customer has had this week's messages."), _ASK_ADMIN, next_allowed(at, limits))
    return None


def quiet_hours(ctx: PolicyInput, limits: Limits, at: datetime) -> Denial | None:
    """Nothing promotional at night."""
    if ctx.kind is not MessageKind.PROMOTIONAL:
        return None
    local = at.astimezone(limits.timezone).time()
    if in_quiet_hours(local, limits.quiet_from, limits.quiet_until):
        return Denial(_("Quiet hours: it is sent in the morning."), _ASK_ADMIN, quiet_ends(at, limits))
    return None


#: In this order: what no waiting can heal comes first.
MESSAGE_RULES = (
    Rule("message.known", 1, SEND, known),
    Rule("message.opted_out", 1, SEND, opted_out),
    Rule("message.consent", 1, SEND, consent),
    Rule("message.relation", 1, SEND, relation),
    Rule("message.cap", 1, SEND, cap),
    Rule("message.quiet_hours", 1, SEND, quiet_hours),
)
