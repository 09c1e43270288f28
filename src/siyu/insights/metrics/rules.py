"""Pure rules of metrics: which entries a fact makes, and how numerator and denominator become a value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from siyu.facts import api as facts
from siyu.insights.metrics.contracts import MetricDefinition, Status, Unit
from siyu.records.ledger.contracts import MERGING

FRIEND_ADDED = "friend_added"
FRIEND_LOST = "friend_lost"
TASK_DUE = "task_due"
TASK_DONE = "task_done"
TASK_CLOSED = "task_closed"
WELCOME_DUE = "welcome_due"
WELCOME_SENT = "welcome_sent"
POINTS_GRANTED = "points_granted"
DELIVERY_HELD = "delivery_held"
DELIVERY_UNKNOWN = "delivery_unknown"
DELIVERY_FAILED = "delivery_failed"
DELIVERY_MOVED = "delivery_moved"

_DELIVERY = {
    "delivery.held": DELIVERY_HELD,
    "delivery.unknown": DELIVERY_UNKNOWN,
    "delivery.failed": DELIVERY_FAILED,
    "delivery.sent": DELIVERY_MOVED,
    "delivery.confirmed": DELIVERY_MOVED,
    "delivery.handed_over": DELIVERY_MOVED,
    "delivery.cancelled": DELIVERY_MOVED,
}
HEARD = frozenset(
    {
        "contact.added",
        "contact.ended",
        "task.created",
        "task.done",
        "task.skipped",
        "task.expired",
        "delivery.queued",
        "points.posted",
        *_DELIVERY,
    }
)
# moving a balance from one customer to another grants nothing
_MOVES = frozenset(MERGING)


@dataclass(frozen=True)
class NewEntry:
    """One row to store."""

    fact_id: int
    kind: str
    day: date
    employee_id: int | None
    ref: int | None
    amount: int = 1


def entries_of(fact: facts.Fact, zone: ZoneInfo) -> list[NewEntry]:
    """What a fact adds to the numbers of its day in ``zone``: none, one or two entries; of the fact alone."""
    payload = fact.payload
    day = fact.occurred_at.astimezone(zone).date()

    def entry(kind: str, ref: int | None = None, amount: int = 1, on: date = day) -> NewEntry:
        return NewEntry(fact.id, kind, on, getattr(payload, "employee_id", None), ref, amount)

    if fact.name == "contact.added":
        return [entry(FRIEND_ADDED)]
    if fact.name == "contact.ended":
        return [entry(FRIEND_LOST)] if payload.ended_by == "customer" else []
    if fact.name.startswith("task."):
        return _task(fact, entry(TASK_DUE, payload.task_id), day)
    if fact.name == "points.posted":
        granted = payload.amount > 0 and payload.kind not in _MOVES
        return [entry(POINTS_GRANTED, payload.transfer_id, payload.amount)] if granted else []
    welcome = payload.channel.endswith(".welcome")
    made = [entry(_DELIVERY[fact.name], payload.delivery_id)] if fact.name in _DELIVERY else []
    if welcome and fact.name == "delivery.queued":
        made.append(entry(WELCOME_DUE, payload.delivery_id))
    if welcome and fact.name in ("delivery.sent", "delivery.confirmed"):
        made.append(entry(WELCOME_SENT, payload.delivery_id))
    return made


def _task(fact: facts.Fact, base: NewEntry, day: date) -> list[NewEntry]:
    if fact.name == "task.created":
        due = getattr(fact.payload, "due_day", "")
        return [
            NewEntry(
                base.fact_id, TASK_DUE, date.fromisoformat(due) if due else day, base.employee_id, base.ref
            )
        ]
    closed = [NewEntry(base.fact_id, TASK_CLOSED, day, base.employee_id, base.ref)]
    if fact.name == "task.done":
        closed.append(NewEntry(base.fact_id, TASK_DONE, day, base.employee_id, base.ref))
    return closed


def value_of(
    definition: MetricDefinition, numerator: int, denominator: int | None
) -> tuple[Status, float | None]:
    """A count is its numerator; a share is numerator / denominator, and of nothing there is no share."""
    if definition.unit is not Unit.SHARE:
        return Status.OK, float(numerator)
    if not denominator:
        return Status.NOT_ENOUGH, None
    return Status.OK, numerator / denominator
