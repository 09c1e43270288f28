"""Cancel, remind, and check again after a customer has said something."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise

from siyu.actions.messaging import store
from siyu.actions.messaging.contracts import DeliveryState
from siyu.actions.messaging.models import Delivery
from siyu.actions.messaging.operations.ask import ask
from siyu.actions.messaging.operations.claim import hold_row
from siyu.facts import api as facts
from siyu.foundation import api as foundation

NOT_LEFT = [
    DeliveryState.QUEUED.value,
    DeliveryState.HELD.value,
    DeliveryState.WAITING_MEMBER.value,
]
ON_ITS_WAY = [DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value]


@dataclass(frozen=True, slots=True)
class CancelReport:
    """What cancelling did: gone at once, asked for at the platform, too late."""

    cancelled: int
    asked: int
    too_late: int


def cancel(
    delivery_ids: Sequence[int],
    *,
    at: datetime,
    reason: str | Promise = "",
    by: foundation.Principal | None = None,
) -> CancelReport:
    """Withdraw deliveries: at once what has not left, by asking the platform what waits for a member.

    What is sent stays as it is. What is being sent or unknown is too late for now: should it turn out not
    to have left, or to lie with a member, it is withdrawn then.
    """
    rows = store.locked(delivery_ids)
    gone, asked, noted = [], [], []
    for row in rows:
        if row.state in (DeliveryState.QUEUED.value, DeliveryState.HELD.value):
            state = DeliveryState.UNKNOWN if row.doubt else DeliveryState.CANCELLED
            row.state, row.reason, row.held_rule = state.value, str(reason), ""
            row.due_at, row.closed_at = None, None if row.doubt else at
            row.wish = "cancel"  # also should somebody ask once more about one in doubt
            gone.append(row)
        elif row.state == DeliveryState.WAITING_MEMBER.value:
            row.wish, row.due_at, row.reason = "cancel", at, str(reason)
            asked.append(row)
        elif row.state in ON_ITS_WAY:
            _remember(row, str(reason))
            noted.append(row)
    store.save(gone + asked + noted)
    store.tell(gone, at=at)
    _note(by, "deliveries.cancelled", gone + asked, at)
    return CancelReport(len(gone), len(asked), len(rows) - len(gone) - len(asked))


def _remember(row: Delivery, reason: str) -> None:
    """The wish to withdraw what is on its way, for when it is known where it went."""
    row.wish = "cancel"
    if row.due_at is not None:
        row.reason = reason


def cancel_purpose(purpose_key: str, *, at: datetime, reason: str = "") -> CancelReport:
    """``cancel`` for everything of one purpose that has not left."""
    ids = Delivery.objects.filter(purpose_key=purpose_key, state__in=NOT_LEFT + ON_ITS_WAY)
    return cancel(list(ids.values_list("pk", flat=True)), at=at, reason=reason)


def cancel_customers(customer_ids: Sequence[int], *, at: datetime, reason: str) -> CancelReport:
    """``cancel`` for everything to these customers that has not left."""
    return cancel(_open_of(customer_ids), at=at, reason=reason)


def _open_of(customer_ids: Sequence[int]) -> list[int]:
    open_ones = Delivery.objects.filter(customer_id__in=customer_ids, state__in=NOT_LEFT + ON_ITS_WAY)
    return list(open_ones.values_list("pk", flat=True))


def remind(delivery_ids: Sequence[int], *, at: datetime, by: foundation.Principal | None = None) -> int:
    """Ask the platform to remind the members of what waits for them; returns how many will be."""
    rows = [row for row in store.locked(delivery_ids) if row.state == DeliveryState.WAITING_MEMBER.value]
    rows = [row for row in rows if row.wish != "cancel"]
    for row in rows:
        row.wish, row.due_at = "remind", at
    store.save(rows)
    _note(by, "deliveries.reminded", rows, at)
    return len(rows)


def ask_again(delivery_ids: Sequence[int], *, at: datetime, by: foundation.Principal | None = None) -> int:
    """Ask once more: the platform about what is unknown, policy about what is held; returns how many."""
    asked = (DeliveryState.UNKNOWN.value, DeliveryState.HELD.value)
    rows = [row for row in store.locked(delivery_ids) if row.state in asked]
    for row in rows:
        row.due_at, row.asked, row.run_after = at, 0, None
    store.save(rows)
    _note(by, "deliveries.asked_again", rows, at)
    return len(rows)


def _note(by: foundation.Principal | None, verb: str, rows: Sequence[Delivery], at: datetime) -> None:
    """One audit row per delivery a person touched."""
    if by is not None:
        for row in rows:
            foundation.audit(by, verb, "delivery", row.pk, {}, at=at)


def recheck(customer_ids: Sequence[int], *, at: datetime, cause: facts.Fact | None = None) -> int:
    """Ask policy again about everything open of these customers; returns how many were held or freed.

    What policy now denies for good is held at once, what waits for a member is withdrawn where the
    platform can, also if it is only on its way to the member; what was held for good and is allowed
    again becomes due.
    """
    rows = store.locked(_open_of(customer_ids))
    rows = [row for row in rows if row.state in NOT_LEFT + ON_ITS_WAY]  # some may have left meanwhile
    changed, told = [], []
    for row, decision in zip(rows, ask(rows, at=at), strict=True):
        denied = not decision.allowed and decision.retry_at is None
        if row.state == DeliveryState.WAITING_MEMBER.value:
            if denied and row.wish != "cancel":
                row.wish, row.due_at, row.reason = "cancel", at, str(decision.reason)
                changed.append(row)
        elif row.state in ON_ITS_WAY:
            if denied and row.wish != "cancel":
                _remember(row, str(decision.reason))
                changed.append(row)
        elif denied:
            if hold_row(row, decision.rule, str(decision.reason), None):
                told.append(row)
            changed.append(row)
        elif row.state == DeliveryState.HELD.value and row.due_at in (None, row.expires_at):  # not by itself
            row.due_at = max(at, row.planned_at)
            changed.append(row)
    store.save(changed)
    store.tell(told, at=at, cause=cause)
    return len(changed)
