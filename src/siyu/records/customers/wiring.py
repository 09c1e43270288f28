"""What customers registers into lower registries at start-up."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.records.customers import personal
from siyu.records.customers.contracts import ENDED_BY_LABELS, IDENTITY_LABELS, EndedBy, IdentityKind

_ICONS = {
    "customer.created": "user-plus",
    "customer.merged": "arrows-join",
    "customer.unmerged": "arrows-split",
    "contact.added": "user-heart",
}
_TITLES = {
    "customer.created": _("Became a customer"),
    "customer.merged": _("Customers merged"),
    "customer.unmerged": _("Merge undone"),
    "contact.added": _("Became friends"),
}


def _plain(fact: facts.Fact) -> facts.TimelineEntry:
    return facts.TimelineEntry(_TITLES[fact.name], icon=_ICONS[fact.name])


def _identified(fact: facts.Fact) -> facts.TimelineEntry:
    kind = IDENTITY_LABELS[IdentityKind(fact.payload.identity_kind)]
    return facts.TimelineEntry(_("Identity found"), kind, "id")


def _tagged(fact: facts.Fact) -> facts.TimelineEntry:
    title = _("Tagged") if fact.name == "customer.tagged" else _("Tag removed")
    return facts.TimelineEntry(title, fact.payload.tag, "tag")


def _assigned(fact: facts.Fact) -> facts.TimelineEntry:
    return facts.TimelineEntry(
        _("Steward assigned"), icon="user-check", params={"employee_id": fact.payload.employee_id}
    )


def _ended(fact: facts.Fact) -> facts.TimelineEntry:
    by = fact.payload.ended_by
    detail = ENDED_BY_LABELS[EndedBy(by)] if by in set(EndedBy) else ""
    return facts.TimelineEntry(_("Friend relation ended"), detail, "user-minus")


def _consent(fact: facts.Fact) -> facts.TimelineEntry:
    title = _("Agreed to messages") if fact.payload.granted else _("Refused messages")
    return facts.TimelineEntry(
        title, "" if fact.payload.channel == "*" else fact.payload.channel, "hand-stop"
    )


def _viewed(fact: facts.Fact) -> facts.TimelineEntry:
    return facts.TimelineEntry(_("Viewed a page"), fact.payload.title or fact.payload.url, "eye")


def wire() -> None:
    """Register timeline renderers and the personal-data policies of this module."""
    for name in _TITLES:
        facts.TIMELINE.register(name, _plain)
    facts.TIMELINE.register("customer.identified", _identified)
    facts.TIMELINE.register("customer.tagged", _tagged)
    facts.TIMELINE.register("customer.untagged", _tagged)
    facts.TIMELINE.register("customer.assigned", _assigned)
    facts.TIMELINE.register("contact.ended", _ended)
    facts.TIMELINE.register("consent.changed", _consent)
    facts.TIMELINE.register("page.viewed", _viewed)
    personal.declare()
