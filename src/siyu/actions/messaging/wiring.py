"""What messaging gives to lower modules at start-up."""

from __future__ import annotations

from siyu.actions.messaging import personal
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.texts import reason_text
from siyu.facts import api as facts

ICONS = {
    "delivery.queued": "clock",
    "delivery.held": "player-pause",
    "delivery.handed_over": "user-check",
    "delivery.sent": "send",
    "delivery.confirmed": "checks",
    "delivery.failed": "alert-circle",
    "delivery.unknown": "help-circle",
    "delivery.cancelled": "x",
}


def _render(fact: facts.Fact) -> facts.TimelineEntry:
    channel = CHANNELS.find(fact.payload.channel)
    detail = reason_text(fact.payload.reason) or (channel.label if channel else fact.payload.channel)
    return facts.TimelineEntry(
        title=facts.CATALOGUE.get(fact.name).label,
        detail=detail,
        icon=ICONS[fact.name],
        link=f"/deliveries/{fact.payload.delivery_id}/",
    )


def wire() -> None:
    """Declare personal data and how delivery facts read in a timeline."""
    personal.declare()
    for name in ICONS:
        facts.TIMELINE.register(name, _render)
