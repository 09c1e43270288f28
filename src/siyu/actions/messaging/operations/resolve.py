"""Find out about what is unclear or waits for a member; withdraw and remind."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from siyu.actions.messaging import store
from siyu.actions.messaging.contracts import Channel, DeliveryState, Outcome, Result, SendItem, SendReport
from siyu.actions.messaging.models import ASKABLE, Delivery
from siyu.actions.messaging.operations.claim import item_of
from siyu.actions.messaging.operations.outcomes import Answered, count, record_answers, set_next
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.rules import LEASE, after_unclear, poll_at
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import Permanent, RetryLater

log = logging.getLogger("siyu.messaging")

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
    store.tell([row for row in rows if row.state != "queued"], at=at)
    return count(rows)


def poll(*, at: datetime, limit: int = 500) -> SendReport:
    """Ask the platforms about what waits for a member or is unknown, and pass on wishes.

    Commits by itself; not to be called inside a transaction. A question without an answer changes
    nothing but the time of the next one.
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
        groups.setdefault((row.channel, _wish(row), row.employee_id, mark), []).append(row)
    return groups


def _wish(row: Delivery) -> str:
    """What is wished of it now: of what is unknown, only to know where it is."""
    return row.wish if row.state == DeliveryState.WAITING_MEMBER.value else ""


def _ask_chunk(channel: Channel, wish: str, rows: Sequence[Delivery], at: datetime) -> SendReport:
    items: tuple[SendItem, ...] = tuple(item_of(row) for row in rows)
    outcomes = _answers(channel, wish, items, at)
    if outcomes is None:
        with foundation.transaction():
            _unanswered([row.pk for row in rows], wish, at)
        return SendReport()
    waiting = {row.pk for row in rows if row.state == DeliveryState.WAITING_MEMBER.value}
    settled: dict[str, list[Outcome]] = {}  # by attempt: asked as one, they may have been sent as several
    unsettled: dict[int, Outcome] = {}
    for row, item in zip(rows, items, strict=True):
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
            settled.setdefault(item.attempt_token, []).append(outcome)
    with foundation.transaction():
        reports = record_answers([Answered(said, at, token) for token, said in settled.items()])
        _postpone(unsettled, wish, at)
    return sum(reports, SendReport())


def _answers(
    channel: Channel, wish: str, items: Sequence[SendItem], at: datetime
) -> dict[int, Outcome] | None:
    """What the platform says of each item; None when it gave no answer, from which nothing follows.

    That a question met trouble says nothing of the message it is about: least of all that it never left.
    """
    method = {"cancel": channel.cancel, "remind": channel.remind}.get(wish, channel.query)
    try:
        said = {outcome.delivery_id: outcome for outcome in method(items, at=at)}
    except RetryLater:
        return None
    except Permanent as error:
        result = Result.FAILED if wish else Result.UNKNOWN
        return {item.delivery_id: Outcome(item.delivery_id, result, reason=str(error)) for item in items}
    except Exception:
        log.warning(
            "a question was not answered", extra={"channel": channel.name, "items": len(items)}, exc_info=True
        )
        return None
    return {
        item.delivery_id: said.get(item.delivery_id) or Outcome(item.delivery_id, Result.UNKNOWN)
        for item in items
    }


def _unanswered(ids: Sequence[int], wish: str, at: datetime) -> None:
    """Ask again soon, however long they wait already; the question does not count."""
    for row in (rows := store.locked(ids)):
        if DeliveryState(row.state) not in ASKABLE:
            continue
        row.lease_until = None
        row.asked -= 1
        if _wish(row) == wish:  # else wished for meanwhile: that is due already
            row.due_at = at + timedelta(minutes=1) if wish else poll_at(at, at)
    store.save(rows)


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
            row.due_at = poll_at(row.attempted_at, at)
    store.save(rows)
