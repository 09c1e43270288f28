"""Find out about what is unclear or waits for a member; withdraw and remind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from siyu.actions.messaging import store
from siyu.actions.messaging.contracts import Channel, DeliveryState, Outcome, Result, SendItem, SendReport
from siyu.actions.messaging.models import ASKABLE, Delivery
from siyu.actions.messaging.operations.claim import item_of
from siyu.actions.messaging.operations.outcomes import count, record_outcomes, set_next
from siyu.actions.messaging.operations.send import PortMethod, ask_port
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.rules import LEASE, after_unclear, poll_at
from siyu.foundation import api as foundation
from siyu.kit import clock

MAX_TASK = 50_000  # deliveries taken beyond the limit because they share a task at the platform


def resolve_unclear(*, at: datetime, limit: int = 500) -> SendReport:
    """Settle deliveries whose sender died: their lease is over and nobody wrote an outcome.

    Each goes the way its channel's ``unclear`` declares; call inside a transaction.
    """
    rows = foundation.claim_due(
        Delivery, at=at, limit=limit, states=(DeliveryState.SENDING.value,), where="lease_until IS NOT NULL"
    )
    for row in rows:
        following = after_unclear(
            CHANNELS.get(row.channel).unclear,
            attempts=row.attempts,
            asked=row.asked,
            expires_at=row.expires_at,
            at=at,
            reason="interrupted",
        )
        set_next(row, following, at=at)
    store.save(rows)
    store.tell([row for row in rows if row.state == "unknown"], at=at)
    return count(rows)


def poll(*, at: datetime, limit: int = 500) -> SendReport:
    """Ask the platforms about what waits for a member or is unknown, and pass on wishes.

    Commits by itself; not to be called inside a transaction. An answer that is cut off changes
    nothing but the time of the next question.
    """
    with foundation.transaction():
        rows = foundation.claim_due(Delivery, at=at, limit=limit, states=ASKABLE)
        rows += _same_tasks(rows, at)
        until = clock.wall_now() + LEASE
        for row in rows:
            row.lease_until = until
            row.asked += 1
        store.save(rows)
    report = SendReport(claimed=len(rows))
    for (name, wish, _employee, _group), members in _groups(rows).items():
        channel = CHANNELS.get(name)
        for start in range(0, len(members), max(1, channel.max_batch)):
            chunk = members[start : start + max(1, channel.max_batch)]
            report += _ask_chunk(channel, wish, chunk, at)
    return report


def _same_tasks(rows: Sequence[Delivery], at: datetime) -> list[Delivery]:
    """The rest of what the platform keeps as one task: it can only be asked and withdrawn as a whole."""
    refs = sorted({row.ref for row in rows if row.ref})
    if not refs:
        return []
    return foundation.claim_due(
        Delivery,
        at=at,
        limit=MAX_TASK,
        states=ASKABLE,
        where="ref = ANY(%s) AND id <> ALL(%s)",
        params=[refs, [row.pk for row in rows]],
    )


def _groups(rows: Sequence[Delivery]) -> dict[tuple[str, str, int | None, str], list[Delivery]]:
    groups: dict[tuple[str, str, int | None, str], list[Delivery]] = {}
    for row in rows:
        mark = row.ref.split("|", 1)[0] if row.ref else row.group_hash
        groups.setdefault((row.channel, row.wish, row.employee_id, mark), []).append(row)
    return groups


def _ask_chunk(channel: Channel, wish: str, rows: Sequence[Delivery], at: datetime) -> SendReport:
    method: PortMethod = {"cancel": channel.cancel, "remind": channel.remind}.get(wish, channel.query)
    items: tuple[SendItem, ...] = tuple(item_of(row) for row in rows)
    outcomes = {each.delivery_id: each for each in ask_port(channel, items, method, at=at)}
    waiting = {row.pk for row in rows if row.state == DeliveryState.WAITING_MEMBER.value}
    settled: list[Outcome] = []
    unsettled: dict[int, Outcome] = {}
    for row in rows:
        outcome = outcomes[row.pk]
        certain = {Result.SENT, Result.DELIVERED, Result.CANCELLED}
        if wish or row.pk in waiting:
            # A refused withdrawal, a failed reminder or question leaves it where it is.
            keep = outcome.result not in (certain if wish else certain | {Result.FAILED})
        else:
            keep = False
        if keep:
            unsettled[row.pk] = outcome
        else:
            settled.append(outcome)
    with foundation.transaction():
        report = record_outcomes(settled, at=at, token=items[0].attempt_token)
        _postpone(unsettled, wish, at)
    return report


def _postpone(outcomes: dict[int, Outcome], wish: str, at: datetime) -> None:
    rows = store.locked(list(outcomes))
    for row in rows:
        if row.state != DeliveryState.WAITING_MEMBER.value:
            continue
        outcome = outcomes[row.pk]
        row.lease_until = None
        if row.wish != wish:  # wished for while the question was under way: that is the next thing to ask
            continue
        if wish and outcome.result in (Result.RETRY, Result.UNKNOWN):
            row.due_at = at + timedelta(minutes=1)
        else:
            row.wish, row.reason = "", outcome.reason
            row.due_at = poll_at(row.attempted_at, at, answered=outcome.result is not Result.RETRY)
    store.save(rows)
