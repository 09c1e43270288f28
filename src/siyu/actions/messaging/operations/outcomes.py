"""Write down what a port call came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.actions.messaging import store
from siyu.actions.messaging.contracts import DeliveryState, Outcome, Result, SendReport
from siyu.actions.messaging.models import Delivery
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.rules import Next, after_answer
from siyu.kit import clock

# States in which an answer still says something new.
LISTENING = {
    DeliveryState.SENDING,
    DeliveryState.UNKNOWN,
    DeliveryState.WAITING_MEMBER,
    DeliveryState.SENT,
}
GOOD = {Result.SENT, Result.DELIVERED, Result.WAITING_MEMBER}
CLOSED = {
    DeliveryState.SENT,
    DeliveryState.DELIVERED,
    DeliveryState.FAILED,
    DeliveryState.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class Answered:
    """What one port call said, at which business time it was claimed, and of which attempt."""

    outcomes: Sequence[Outcome]
    at: datetime
    token: str = ""


def record_outcomes(outcomes: Sequence[Outcome], *, at: datetime, token: str = "") -> SendReport:
    """Apply what the platform said; also the door for connectors that hear of it by a callback.

    With ``token`` an answer belongs to one attempt: if the delivery has been tried again since, only
    good news of the earlier attempt is believed. An answer that says nothing new changes nothing.
    """
    return record_answers([Answered(outcomes, at, token)])[0]


def record_answers(answers: Sequence[Answered]) -> list[SendReport]:
    """``record_outcomes`` for several calls in one go; what became of each. No two may be about one delivery."""
    by_id = {
        outcome.delivery_id: (number, outcome)
        for number, answered in enumerate(answers)
        for outcome in answered.outcomes
    }
    changed: dict[int, list[Delivery]] = {number: [] for number in range(len(answers))}
    told: dict[datetime, list[Delivery]] = {}
    for row in store.locked(list(by_id)):
        number, outcome = by_id[row.pk]
        answered = answers[number]
        if not _listens(row, outcome, answered.token):
            continue
        before = row.state
        _apply(row, outcome, answered.at)
        changed[number].append(row)
        if row.state != before and row.state != "queued":
            told.setdefault(answered.at, []).append(row)
    store.save([row for rows in changed.values() for row in rows])
    for at, rows in told.items():
        store.tell(rows, at=at)
    return [count(rows) for rows in changed.values()]


def _listens(row: Delivery, outcome: Outcome, token: str) -> bool:
    state = DeliveryState(row.state)
    if state not in LISTENING:
        # Queued again by a safe repeat (and held since), while the first answer was only slow: it did leave.
        repeated = state in {DeliveryState.QUEUED, DeliveryState.HELD} and row.attempts > 0
        return repeated and outcome.result in {Result.SENT, Result.DELIVERED}
    if state is DeliveryState.SENT:
        return outcome.result is Result.DELIVERED
    same = not token or str(row.lease_token) == token
    return same or outcome.result in {Result.SENT, Result.DELIVERED}


def _apply(row: Delivery, outcome: Outcome, at: datetime) -> None:
    channel = CHANNELS.get(row.channel)
    following = after_answer(
        outcome,
        channel.unclear,
        attempts=row.attempts,
        asked=row.asked,
        expires_at=row.expires_at,
        handed_over=row.attempted_at,
        at=at,
    )
    if row.doubt and following.state is DeliveryState.FAILED:
        # This attempt was refused, but an earlier one may have arrived: nobody can say that it failed.
        following = Next(DeliveryState.UNKNOWN, reason=outcome.reason)
    happened = outcome.happened_at or at
    row.ref = outcome.ref or row.ref
    set_next(row, following, at=at)
    if outcome.result in GOOD and row.state != "waiting_member":
        row.sent_at = row.sent_at or happened
    if row.state == "delivered":
        row.delivered_at = happened


def set_next(row: Delivery, following: Next, *, at: datetime) -> None:
    """Move one row to its next state and free its lease."""
    row.doubt = row.doubt or following.doubt
    if row.wish == "cancel":
        following = _withdrawn(row, following, at)
    row.state = following.state.value
    # Why a message was to be withdrawn is written down with the wish; the platform only says that it was.
    wished = row.wish == "cancel" and following.look_at is not None
    kept = row.reason if wished or following.state is DeliveryState.CANCELLED else ""
    row.reason = (kept or following.reason) if wished else (following.reason or kept)
    row.held_rule = ""
    row.due_at = following.look_at
    row.lease_until = None
    row.run_after = clock.wall_now() + following.rest if following.rest else None
    row.closed_at = at if following.state in CLOSED else None


def _withdrawn(row: Delivery, following: Next, at: datetime) -> Next:
    """Somebody wished to withdraw it while it was on its way: it is not tried again, and not left with a member."""
    if following.state is DeliveryState.QUEUED:
        gone = DeliveryState.UNKNOWN if row.doubt else DeliveryState.CANCELLED
        return Next(gone, reason=row.reason or following.reason)
    if following.state is DeliveryState.WAITING_MEMBER:
        return Next(DeliveryState.WAITING_MEMBER, look_at=at)
    return following


def count(rows: Sequence[Delivery]) -> SendReport:
    """How many rows are now in which state."""
    states = [row.state for row in rows]
    return SendReport(
        sent=states.count("sent") + states.count("delivered"),
        waiting_member=states.count("waiting_member"),
        failed=states.count("failed"),
        retried=states.count("queued"),
        unknown=states.count("unknown"),
    )
