"""Conservation: each delivery is in exactly one state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count, Min, Q

from siyu.actions.messaging.contracts import DeliveryState, PurposeCounts
from siyu.actions.messaging.models import ASKABLE, SENDABLE, Delivery
from siyu.foundation import api as foundation
from siyu.kit import clock


def counts_by_state() -> dict[DeliveryState, int]:
    """How many deliveries stand in each state, all states named."""
    found = dict(Delivery.objects.values_list("state").annotate(n=Count("pk")).order_by())
    return {state: found.get(state.value, 0) for state in DeliveryState}


def counts_by_purpose(prefix: str = "") -> list[PurposeCounts]:
    """Per purpose and channel: how many were queued ever and where they stand now, by purpose."""
    rows = foundation.fetch(
        """SELECT purpose_key, channel, state, held_rule, count(*) FROM actions_messaging_delivery
           WHERE starts_with(purpose_key, %s) GROUP BY 1, 2, 3, 4 ORDER BY 1, 2""",
        [prefix],
    )
    states: dict[tuple[str, str], dict[DeliveryState, int]] = {}
    rules: dict[tuple[str, str], dict[str, int]] = {}
    for purpose, channel, state, rule, number in rows:
        line = states.setdefault((purpose, channel), dict.fromkeys(DeliveryState, 0))
        line[DeliveryState(state)] += number
        held = rules.setdefault((purpose, channel), {})
        if state == DeliveryState.HELD.value:
            held[rule] = held.get(rule, 0) + number
    return [
        PurposeCounts(purpose, channel, sum(line.values()), line, rules[purpose, channel])
        for (purpose, channel), line in states.items()
    ]


def to_send(at: datetime) -> int:
    """How many deliveries want the sender now: due, or cut off while being sent."""
    due = Q(state__in=SENDABLE, due_at__lte=at) | Q(state=DeliveryState.SENDING.value)
    return Delivery.objects.filter(due).count()


def to_ask(at: datetime) -> int:
    """How many deliveries the platform is to be asked about now."""
    return Delivery.objects.filter(state__in=ASKABLE, due_at__lte=at).count()


def anything_to_send(at: datetime) -> bool:
    """Whether a sender would find something now; one index probe, so that idle loops cost nothing."""
    wall = clock.wall_now()
    rested = Q(run_after__isnull=True) | Q(run_after__lte=wall)
    due = Delivery.objects.filter(rested, state__in=SENDABLE, due_at__lte=at)
    stuck = Delivery.objects.filter(state=DeliveryState.SENDING.value, lease_until__lte=wall)
    return due.exists() or stuck.exists()


def anything_to_ask(at: datetime) -> bool:
    """Whether there is something to ask the platforms about now."""
    wall = clock.wall_now()
    rested = Q(run_after__isnull=True) | Q(run_after__lte=wall)
    return Delivery.objects.filter(rested, state__in=ASKABLE, due_at__lte=at).exists()


def next_to_send() -> datetime | None:
    """The earliest business time at which something is to be sent."""
    return _first(SENDABLE)


def next_to_ask() -> datetime | None:
    """The earliest business time at which the platform is to be asked about something."""
    return _first(ASKABLE)


def _first(states: Sequence[str]) -> datetime | None:
    waiting = Delivery.objects.filter(state__in=states, due_at__isnull=False)
    first: datetime | None = waiting.aggregate(first=Min("due_at"))["first"]
    return first
