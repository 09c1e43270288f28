"""Receive raw messages exactly once and hand them to whoever understands them."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import OperationalError
from django.db.models import Count, Q

from siyu.facts.inbox.contracts import SOURCES, InboxContext, InboxCounts, InboxDead, InboxItem, InboxSource
from siyu.facts.inbox.models import RawMessage
from siyu.foundation.api import (
    claim_due,
    correlated,
    correlation_id,
    execute,
    fetch,
    next_due,
    savepoint,
    seal,
    transaction,
    unseal,
)
from siyu.kit import clock
from siyu.kit.errors import NotFound, RetryLater, SiyuError, reason_of
from siyu.kit.ids import new_id

log = logging.getLogger("siyu.inbox")

KEEP_BODY = timedelta(days=30)
PURGE_PART = 2_000


def receive(
    source: str, key: str, body: bytes, *, received_at: datetime, headers: dict[str, str] | None = None
) -> bool:
    """Store a raw message; False when (source, key) is there already. One insert, nothing else.

    ``source`` starts with the prefix of a registered InboxSource and includes the company's id.
    """
    return bool(
        execute(
            """INSERT INTO facts_inbox_rawmessage
                 (source, key, body, headers, received_at, due_at, state, attempts, correlation_id, last_error)
               VALUES (%s, %s, %s, %s::jsonb, %s, %s, 'waiting', 0, %s, '') ON CONFLICT (source, key) DO NOTHING""",
            [
                source,
                key,
                seal(body, "inbox"),
                json.dumps(headers or {}),
                received_at,
                received_at,
                correlation_id() or new_id(),
            ],
        )
    )


def drain_inbox(*, at: datetime, max_batches: int = 1) -> int:
    """Hand over waiting messages, a batch per source family and transaction; returns how many were handled."""
    handled = 0
    for _name, source in list(SOURCES.items()):
        for _batch in range(max_batches):
            with transaction():
                rows = claim_due(
                    RawMessage,
                    at=at,
                    limit=source.batch,
                    where="starts_with(source, %s)",
                    params=[source.prefix],
                )
                if rows:
                    with correlated(rows[0].correlation_id):
                        _deliver(source, rows, InboxContext(at))
            handled += len(rows)
            if len(rows) < source.batch:
                break
    return handled


def _deliver(source: InboxSource, rows: Sequence[RawMessage], context: InboxContext) -> None:
    items = [
        InboxItem(row.pk, row.source, row.key, unseal(row.body or b"", "inbox"), row.headers, row.received_at)
        for row in rows
    ]
    try:
        with savepoint():
            source.handle(items, context)
    except (OperationalError, RetryLater) as error:
        log.warning("inbox batch waits", extra={"source": source.prefix, "reason": str(error)})
        raise
    except Exception as error:
        failed = error
    else:
        done = {"state": "done", "done_at": clock.wall_now()}
        RawMessage.objects.filter(pk__in=[row.pk for row in rows]).update(**done)
        return
    # Outside of the handler, so that no halving drags the errors of those before it along.
    if len(rows) > 1:
        middle = len(rows) // 2
        _deliver(source, rows[:middle], context)
        _deliver(source, rows[middle:], context)
        return
    about = {"source": rows[0].source, "message_id": rows[0].pk}
    if isinstance(failed, SiyuError):  # refused on purpose: the reason says it all
        log.warning("raw message refused", extra={**about, "reason": reason_of(failed), "code": failed.code})
    else:
        log.error("raw message failed", extra=about, exc_info=failed)
    RawMessage.objects.filter(pk=rows[0].pk).update(
        state="dead", last_error=reason_of(failed)[:2000], attempts=rows[0].attempts + 1
    )


def inbox_counts(prefix: str = "") -> InboxCounts:
    """How many messages of one source family are in each state."""
    counts = RawMessage.objects.filter(source__startswith=prefix).aggregate(
        received=Count("id"),
        waiting=Count("id", filter=Q(state="waiting")),
        done=Count("id", filter=Q(state="done")),
        dead=Count("id", filter=Q(state="dead")),
    )
    return InboxCounts(**counts)


def inbox_pending(*, at: datetime) -> int:
    """How many messages wait to be handled now."""
    return RawMessage.objects.filter(state="waiting", due_at__lte=at).count()


def inbox_head() -> int:
    """The last row id handed out; a cheap sign that something may have come."""
    return int(
        fetch("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM facts_inbox_rawmessage_id_seq")[0][
            0
        ]
    )


def inbox_next_due() -> datetime | None:
    """The earliest waiting message."""
    return next_due(RawMessage)


def list_inbox_dead(limit: int = 100) -> list[InboxDead]:
    """Messages that could not be understood, newest first."""
    rows = RawMessage.objects.filter(state="dead").order_by("-id")[:limit]
    return [InboxDead(row.pk, row.source, row.last_error, row.received_at) for row in rows]


def replay_inbox(message_id: int) -> None:
    """Put a dead message back in line; NotFound when it is not dead or its body has expired."""
    if not RawMessage.objects.filter(pk=message_id, state="dead", body__isnull=False).update(state="waiting"):
        raise NotFound("inbox.not_found")


def purge_inbox(*, wall: datetime) -> int:
    """Empty bodies of messages handled long ago (their keys stay, so that they stay unique).

    In parts, each a transaction of its own where the caller has none: facts are heard no further than to the
    oldest transaction under way, so a long one would keep everybody waiting.
    """
    emptied = 0
    while True:
        part = execute(
            """UPDATE facts_inbox_rawmessage r SET body = NULL, headers = '{}' FROM (
                 SELECT id FROM facts_inbox_rawmessage
                 WHERE done_at < %s AND body IS NOT NULL ORDER BY done_at LIMIT %s) o
               WHERE r.id = o.id""",
            [wall - KEEP_BODY, PURGE_PART],
        )
        emptied += part
        if part < PURGE_PART:
            return emptied
