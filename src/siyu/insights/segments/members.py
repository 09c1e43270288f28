"""Writing membership: bitemporal rows, next flips, and the facts that tell of both.

A row says when membership was true (valid) and since when that is known (known). Leaving closes the
known time of the open row and, unless it turns out never to have been true, adds the row of what was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments.compile import MEMBERSHIP
from siyu.insights.segments.contracts import SegmentEntered, SegmentLeft
from siyu.insights.segments.evaluate import Verdict
from siyu.records.customers import api as customers

FLIPS = "insights_segments_nextflip"
SOURCE = "insights_segments"


@dataclass(frozen=True)
class Change:
    """One person entering or leaving one segment; ``since`` is when it became true."""

    segment_id: int
    customer_id: int
    enters: bool
    since: datetime
    cause: facts.Fact | None
    quiet: bool = False


def open_members(segment_ids: Sequence[int], customer_ids: Sequence[int]) -> set[tuple[int, int]]:
    """(segment, customer) of those pairs that are members now."""
    rows = foundation.fetch(
        f"SELECT segment_id, customer_id FROM {MEMBERSHIP} WHERE segment_id = ANY(%s) AND customer_id = ANY(%s)"
        " AND valid_to IS NULL AND known_to IS NULL",
        [list(segment_ids), list(customer_ids)],
    )
    return {(row[0], row[1]) for row in rows}


def write_changes(changes: Sequence[Change], *, at: datetime) -> None:
    """Write entering and leaving, and record a fact for each; nothing where nothing changed."""
    written = [
        *_leave([c for c in changes if not c.enters], at),
        *_enter([c for c in changes if c.enters], at),
    ]
    if not written:
        return
    anchors = customers.anchors_of({change.customer_id for change, _row, _moment in written})
    facts.record([_fact(change, row, moment, anchors) for change, row, moment in written], at=at)


def write_flips(verdicts: Mapping[tuple[int, int], Verdict]) -> None:
    """Keep one next-flip row for each judged pair that has one."""
    due = [(pair, v.flip_at) for pair, v in sorted(verdicts.items()) if v.flip_at is not None]
    none = [pair for pair, v in sorted(verdicts.items()) if v.flip_at is None]
    drop_flips(none)
    if due:
        foundation.execute(
            f"""INSERT INTO {FLIPS} AS f (segment_id, customer_id, due_at, state, attempts)
                SELECT * , 'waiting', 0 FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[])
                ON CONFLICT (segment_id, customer_id) DO UPDATE SET due_at = excluded.due_at
                WHERE f.due_at <> excluded.due_at""",
            [
                foundation.array(p[0] for p, _at in due),
                foundation.array(p[1] for p, _at in due),
                foundation.array(moment for _p, moment in due),
            ],
        )


def drop_flips(pairs: Sequence[tuple[int, int]]) -> None:
    """Forget the next flips of these pairs."""
    if pairs:
        foundation.execute(
            f"DELETE FROM {FLIPS} f USING unnest(%s::bigint[], %s::bigint[]) AS n(segment_id, customer_id)"
            " WHERE f.segment_id = n.segment_id AND f.customer_id = n.customer_id",
            [foundation.array(p[0] for p in pairs), foundation.array(p[1] for p in pairs)],
        )


def _leave(changes: Sequence[Change], at: datetime) -> list[tuple[Change, int, datetime]]:
    if not changes:
        return []
    by_pair = {(c.segment_id, c.customer_id): c for c in changes}
    closed = foundation.fetch(
        f"""UPDATE {MEMBERSHIP} m SET known_to = greatest(m.known_from, %s)
            FROM unnest(%s::bigint[], %s::bigint[]) AS n(segment_id, customer_id)
            WHERE m.segment_id = n.segment_id AND m.customer_id = n.customer_id
              AND m.valid_to IS NULL AND m.known_to IS NULL
            RETURNING m.id, m.segment_id, m.customer_id, m.valid_from, m.cause_fact_id""",
        [
            at,
            foundation.array(c.segment_id for c in changes),
            foundation.array(c.customer_id for c in changes),
        ],
    )
    left = [(by_pair[row[1], row[2]], row[0], row[3], row[4]) for row in closed]
    was = [(c, start, cause) for c, _id, start, cause in left if c.since > start]
    if was:
        foundation.execute(
            f"""INSERT INTO {MEMBERSHIP}
                  (segment_id, customer_id, valid_from, valid_to, known_from, cause_fact_id)
                SELECT n.segment_id, n.customer_id, n.valid_from, n.valid_to, %s, n.cause
                FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::bigint[])
                  AS n(segment_id, customer_id, valid_from, valid_to, cause)""",
            [
                at,
                foundation.array(c.segment_id for c, _s, _f in was),
                foundation.array(c.customer_id for c, _s, _f in was),
                foundation.array(start for _c, start, _f in was),
                foundation.array(c.since for c, _s, _f in was),
                foundation.array(cause for _c, _s, cause in was),
            ],
        )
    # a person cannot leave before having entered: an older cause means the row was never true
    return [(c, row_id, max(c.since, start)) for c, row_id, start, _cause in left]


def _enter(changes: Sequence[Change], at: datetime) -> list[tuple[Change, int, datetime]]:
    if not changes:
        return []
    by_pair = {(c.segment_id, c.customer_id): c for c in changes}
    rows = foundation.fetch(
        f"""INSERT INTO {MEMBERSHIP} (segment_id, customer_id, valid_from, known_from, cause_fact_id)
            SELECT n.segment_id, n.customer_id, GREATEST(n.since, b.valid_to), %s, n.cause
            FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::bigint[])
              AS n(segment_id, customer_id, since, cause)
            LEFT JOIN LATERAL (SELECT max(m.valid_to) AS valid_to FROM {MEMBERSHIP} m
              WHERE m.customer_id = n.customer_id AND m.segment_id = n.segment_id AND m.known_to IS NULL) b ON TRUE
            ON CONFLICT (segment_id, customer_id) WHERE valid_to IS NULL AND known_to IS NULL DO NOTHING
            RETURNING id, segment_id, customer_id, valid_from""",
        [
            at,
            foundation.array(c.segment_id for c in changes),
            foundation.array(c.customer_id for c in changes),
            foundation.array(c.since for c in changes),
            foundation.array(c.cause.id if c.cause else None for c in changes),
        ],
    )
    return [(by_pair[row[1], row[2]], row[0], row[3]) for row in rows]


def _fact(change: Change, row_id: int, moment: datetime, anchors: Mapping[int, int]) -> facts.NewFact:
    cause_id = change.cause.id if change.cause else 0
    payload: SegmentEntered | SegmentLeft
    if change.enters:
        payload = SegmentEntered(change.segment_id, cause_id, moment.isoformat())
    else:
        payload = SegmentLeft(change.segment_id, cause_id, moment.isoformat())
    return facts.NewFact(
        name="segment.entered" if change.enters else "segment.left",
        payload=payload,
        occurred_at=moment,
        subject_id=anchors.get(change.customer_id),
        source=SOURCE,
        external_id=f"member:{row_id}:{'entered' if change.enters else 'left'}",
        origin=facts.Origin.BACKFILL if change.quiet else None,
        cause=change.cause,
    )
