"""Deliver facts to subscriptions: in batches, in order, each exactly once.

Sequence order is not commit order, so a cursor is a pair (transaction id, fact id), and nothing is
read at or past the oldest transaction still running: no fact can appear behind a cursor later.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import OperationalError

from siyu.facts.events.contracts import SUBSCRIPTIONS, DeadFact, Fact, HandleContext, Subscription
from siyu.facts.events.log import COLUMNS, read, to_fact
from siyu.facts.events.models import Cursor, Dead
from siyu.foundation.api import correlated, execute, fetch, savepoint, transaction
from siyu.kit import clock
from siyu.kit.errors import NotFound, RetryLater, SiyuError, reason_of

log = logging.getLogger("siyu.facts")

END = 2**63 - 1
BEFORE_ALL = -(2**62)
"""A transaction id before every fact, also before those of a restored log, which are numbered from 0 downwards."""


def install_cursors() -> None:
    """Give each subscription its cursors; those that act only on live facts start at the log's end."""
    for name, subscription in SUBSCRIPTIONS.items():
        for shard in range(subscription.shards):
            execute(
                """INSERT INTO facts_events_cursor (subscription, shard, tx, fact_id, updated_at)
                   VALUES (%s, %s, CASE WHEN %s THEN %s
                     ELSE pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1 END, %s, %s)
                   ON CONFLICT DO NOTHING""",
                [
                    name,
                    shard,
                    subscription.backfill,
                    BEFORE_ALL,
                    0 if subscription.backfill else END,
                    clock.wall_now(),
                ],
            )


@dataclass(frozen=True)
class News:
    """What became readable since a position: names of facts, the new position, and whether that was all."""

    names: frozenset[str]
    position: int
    complete: bool


def news(position: int | None) -> News:
    """Names of the facts that became readable after transaction ``position`` (None: only where the log stands).

    One cheap look at the log tells which subscriptions have anything to do. ``complete`` is False
    while a transaction is open that may still bring facts with ids already handed out.
    """
    oldest, complete = fetch(_HORIZON)[0]
    names = frozenset[str]()
    if position is not None:
        rows = fetch("SELECT * FROM facts_names_after(%s, %s)", [position, oldest])
        names = frozenset(row[0] for row in rows)
    return News(names, oldest - 1, complete)


_HORIZON = (
    "SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmin(s) = pg_snapshot_xmax(s)"
    " FROM pg_current_snapshot() s"
)


def run_subscription(
    subscription: Subscription, shard: int = 0, *, at: datetime, called: bool = False
) -> tuple[int, bool]:
    """Deliver one batch. Returns (facts delivered, whether it read to the end of what is readable).

    ``called``: facts it hears by name are known to be there, so that its cursor moves past them also
    when none is for it (past ones, another shard's). Another worker on the same shard is left alone: (0, False).
    """
    with transaction():
        found = fetch(
            "SELECT tx, fact_id FROM facts_events_cursor WHERE subscription = %s AND shard = %s"
            " FOR UPDATE SKIP LOCKED",
            [subscription.name, shard],
        )
        if not found:
            return 0, False
        # Taken before reading: all below this transaction id is finished and visible to the next statement.
        oldest = fetch(_HORIZON)[0][0]
        facts = _next_batch(subscription, shard, found[0], oldest)
        if facts:
            with correlated(facts[0].correlation_id):
                _deliver(subscription, facts, HandleContext(at, subscription.name))
        full = len(facts) == subscription.batch
        end = (facts[-1].tx, facts[-1].id) if full else (oldest - 1, END)
        if facts or called or end[0] > found[0][0] + 1000:
            # An idle cursor is moved rarely: it costs a write, and reading on from it is an index probe.
            execute(
                "UPDATE facts_events_cursor SET tx = %s, fact_id = %s, updated_at = %s"
                " WHERE subscription = %s AND shard = %s",
                [*end, clock.wall_now(), subscription.name, shard],
            )
    return len(facts), not full


def _next_batch(subscription: Subscription, shard: int, after: Sequence[int], oldest: int) -> list[Fact]:
    rows = fetch(
        f"SELECT {COLUMNS} FROM facts_after(%s, %s, %s, %s, %s, %s, %s, %s) ORDER BY tx, id",
        [
            *after, oldest, sorted(subscription.facts), not subscription.backfill, subscription.shards, shard,
            subscription.batch,
        ],
    )  # fmt: skip
    return [to_fact(row) for row in rows]


def _deliver(subscription: Subscription, facts: Sequence[Fact], context: HandleContext) -> None:
    """Hand over a batch; on failure halve it until the failing facts stand alone as dead letters."""
    try:
        with savepoint():
            subscription.handle(facts, context)
    except (OperationalError, RetryLater):
        raise  # passing trouble: the whole batch is tried again later
    except Exception as error:
        failed = error
    else:
        return
    # Outside of the handler, so that no halving drags the errors of those before it along.
    if len(facts) > 1:
        middle = len(facts) // 2
        _deliver(subscription, facts[:middle], context)
        _deliver(subscription, facts[middle:], context)
        return
    fact = facts[0]
    about = {"subscription": subscription.name, "fact_id": fact.id, "fact": fact.name}
    if isinstance(failed, SiyuError):  # refused on purpose: the reason says it all
        log.warning("fact refused", extra={**about, "reason": reason_of(failed), "code": failed.code})
    else:
        log.error("fact failed", extra=about, exc_info=failed)
    set_aside(subscription.name, fact.id, failed)


def set_aside(subscription: str, fact_id: int, error: Exception) -> None:
    """Make a fact a dead letter of a subscription.

    For a subscriber that took a fact, and finds out only when another comes that it cannot be kept; whatever
    it wrote for the fact it must have undone, so that a replay starts afresh.
    """
    execute(
        """INSERT INTO facts_events_dead (subscription, fact_id, name, error, attempts, created_at)
           SELECT %s, id, name, %s, 1, %s FROM facts_event WHERE id = %s ON CONFLICT (subscription, fact_id)
           DO UPDATE SET attempts = facts_events_dead.attempts + 1, error = excluded.error""",
        [subscription, reason_of(error)[:4000], clock.wall_now(), fact_id],
    )


class Rounds:
    """Goes round subscriptions, running only those that may have something to read.

    A cheap look at the log tells which facts are new; only subscriptions that hear them are run, until they
    have read to the end.
    """

    def __init__(self, wanted: Callable[[Subscription], bool] = lambda _subscription: True) -> None:
        self._mine = [one for _name, one in SUBSCRIPTIONS.items() if wanted(one)]
        self._position: int | None = None
        self._waiting: dict[tuple[str, int], bool] = {}  # shards with more to read, and whether by name
        self.wake_all()

    def wake_all(self) -> None:
        """Have each look for itself, so that nothing depends on what this object remembers."""
        for one in self._mine:
            for shard in range(one.shards):
                self._waiting.setdefault((one.name, shard), False)

    def go(self, *, at: datetime) -> tuple[int, bool]:
        """One batch of each that waits: facts delivered, and whether all that is recorded was read."""
        fresh = news(self._position)
        self._position = fresh.position
        for one in self._mine:
            if one.facts & fresh.names:
                self._waiting |= {(one.name, shard): True for shard in range(one.shards)}
        moved = 0
        for (name, shard), called in sorted(self._waiting.items()):
            handled, done = run_subscription(SUBSCRIPTIONS.get(name), shard, at=at, called=called)
            moved += handled
            if done:
                del self._waiting[name, shard]
        return moved, fresh.complete and not moved and not self._waiting


def drain(*, at: datetime, only: Sequence[str] | None = None) -> int:
    """Go round until no fact is left; returns how many deliveries were made."""
    rounds = Rounds(lambda subscription: only is None or subscription.name in only)
    total = 0
    while moved := rounds.go(at=at)[0]:
        total += moved
    return total


def lag() -> dict[str, int]:
    """Per subscription: how many of its facts are not delivered yet."""
    result = {}
    for name, subscription in SUBSCRIPTIONS.items():
        extra = "" if subscription.backfill else " AND e.origin = 'live'"
        result[name] = int(
            fetch(
                f"""SELECT count(*) FROM facts_events_cursor c
                    JOIN facts_event e ON (e.tx, e.id) > (c.tx, c.fact_id) AND e.name = ANY(%s){extra}
                     AND coalesce(e.subject_id, 0) %% %s = c.shard
                    WHERE c.subscription = %s""",
                [sorted(subscription.facts), subscription.shards, name],
            )[0][0]
        )
    return result


def log_head() -> int:
    """The last fact id handed out; a cheap sign that there may be something new."""
    return int(fetch("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM facts_event_id_seq")[0][0])


def list_dead(limit: int = 100) -> list[DeadFact]:
    """Dead letters, newest first."""
    return [
        DeadFact(row.pk, row.subscription, row.fact_id, row.name, row.error, row.attempts, row.created_at)
        for row in Dead.objects.order_by("-id")[:limit]
    ]


def count_dead() -> int:
    """How many dead letters wait for a person."""
    return Dead.objects.count()


def replay_dead(dead_id: int, *, at: datetime) -> bool:
    """Deliver a dead fact again; True when it went through (its row is gone then). NotFound when there is none."""
    row = Dead.objects.select_for_update().filter(pk=dead_id).first()
    if row is None:
        raise NotFound("dead.not_found")
    subscription = SUBSCRIPTIONS.get(row.subscription)
    facts = read(ids=[row.fact_id])
    attempts = row.attempts
    _deliver(subscription, facts, HandleContext(at, subscription.name))
    return bool(Dead.objects.filter(pk=dead_id, attempts=attempts).delete()[0])


def rewind(subscription: str) -> None:
    """Let a subscription read the log from the beginning again (rebuilds)."""
    Cursor.objects.filter(subscription=subscription).update(tx=BEFORE_ALL, fact_id=0)


def skip_to_end(subscription: str) -> None:
    """Count everything recorded so far as delivered: for bulk loads that write what a subscriber would have made."""
    execute(
        """UPDATE facts_events_cursor SET tx = pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1, fact_id = %s
           WHERE subscription = %s""",
        [END, subscription],
    )
