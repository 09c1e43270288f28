"""Send a message through a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.contracts import (
    EffectItem,
    EffectResult,
    EffectStatus,
    Field,
    FieldKind,
    Text,
)
from siyu.actions.effects.people import values_for
from siyu.actions.effects.rules import check_fields, fill
from siyu.actions.messaging import api as messaging
from siyu.records.policy import api as policy


def _channels() -> list[tuple[str, Text]]:
    return [(name, channel.label) for name, channel in messaging.CHANNELS.items()]


def _kinds() -> list[tuple[str, Text]]:
    return [
        (policy.MessageKind.SERVICE.value, _("Service: answers what the customer just did")),
        (policy.MessageKind.PROMOTIONAL.value, _("Promotional: has a control group")),
    ]


class MessageEffect:
    """Queue one delivery per person; policy is asked when it is due."""

    name = "message"
    label: Text = _("Send a message")
    fields: Sequence[Field] = (
        Field("channel", _("Channel"), FieldKind.CHOICE, choices=_channels),
        Field("kind", _("Kind"), FieldKind.CHOICE, choices=_kinds, default="promotional"),
        Field(
            "text",
            _("Text"),
            FieldKind.TEXT,
            max_length=1000,
            help=_("{customer}, {clerk} and {brand} are filled in."),
        ),
    )

    def validate(self, params: Mapping[str, Any]) -> Mapping[str, Text]:
        """Channel known, kind known, text present and its placeholders known."""
        wrong = check_fields(self.fields, params)
        channel = messaging.CHANNELS.find(str(params.get("channel")))
        if channel is not None and channel.needs_member and "{customer}" in str(params.get("text")):
            # A text of their own for each customer would be a task of its own for each.
            wrong.setdefault("text", _("This channel sends one text to many: leave {customer} out."))
        return wrong

    def promotional(self, params: Mapping[str, Any]) -> bool:
        """Promotional messages have a hold-out by default."""
        return bool(params.get("kind", "promotional") == policy.MessageKind.PROMOTIONAL.value)

    def apply(self, items: Sequence[EffectItem], *, at: datetime) -> Sequence[EffectResult]:
        """Queue for all who can be reached this way; the rest are skipped with the reason."""
        if not items:
            return []
        params = items[0].params
        channel = messaging.CHANNELS.get(params["channel"])
        values = values_for(items, [params["text"]], at=at)
        skipped: dict[str, str] = {}
        specs = []
        for item in items:
            sender = _sender(channel, item)
            if (why := _unreachable(channel, item, sender)) is not None:
                skipped[item.key] = why
                continue
            specs.append(
                messaging.DeliverySpec(
                    key=item.key,
                    customer_id=item.customer_id,
                    subject_id=item.subject_id,
                    employee_id=sender,
                    channel=channel.name,
                    kind=params.get("kind", "promotional"),
                    content=messaging.Content(fill(params["text"], values[item.key])),
                    due_at=at,
                    expires_at=_expires(channel, item, at),
                    purpose_key=item.purpose_key,
                    params={key: item.context.get(key) for key in channel.context_keys},
                    holdout_key=item.holdout_key,
                    cause=item.cause,
                )
            )
        queued = {answer.key: answer for answer in messaging.queue(specs, at=at)}
        return [
            EffectResult(item.key, EffectStatus.SKIPPED, reason=skipped[item.key])
            if item.key in skipped
            else EffectResult(item.key, EffectStatus.DONE, ref=f"delivery:{queued[item.key].delivery_id}")
            for item in items
        ]


def _sender(channel: messaging.Channel, item: EffectItem) -> int | None:
    """A reply is sent by the employee it answers for, everything else by who serves the customer."""
    asked = item.context.get("employee_id")
    return asked if channel.context_keys and isinstance(asked, int) else item.employee_id


def _expires(channel: messaging.Channel, item: EffectItem, at: datetime) -> datetime | None:
    """A reply is bound to what it answers; any other message has its window from now on."""
    if channel.window is None:
        return None
    return (item.began_at or at if channel.context_keys else at) + channel.window


def _unreachable(channel: messaging.Channel, item: EffectItem, sender: int | None) -> str | None:
    """A code for why this channel cannot carry a message to this person at all."""
    if (channel.needs_friend or channel.needs_member) and sender is None:
        return "no_employee"
    if any(item.context.get(key) in (None, "") for key in channel.context_keys):
        return "no_reply_code"
    return None
