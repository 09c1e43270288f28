"""Build the members of segments from nothing, and say by how much the kept state differed.

One statement judges everybody and writes members and next flips. A build records no facts about
people: nothing may act because a definition was written or a rebuild was run.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime

from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments.compile import MEMBERSHIP, Query
from siyu.insights.segments.contracts import BuildState, RebuildReport, Tree
from siyu.insights.segments.members import FLIPS
from siyu.insights.segments.rules import build_order, dependencies
from siyu.insights.segments.store import living_trees
from siyu.kit import clock
from siyu.kit.errors import NotFound

log = logging.getLogger("siyu.segments")

_BUILD = f"""
WITH truth AS MATERIALIZED (SELECT c.customer_id, {{truth}} AS holds, {{flip}} AS flip_at {{source}}),
gone AS (
    UPDATE {MEMBERSHIP} m SET known_to = %(at)s
    WHERE m.segment_id = %(segment)s AND m.valid_to IS NULL AND m.known_to IS NULL
      AND NOT EXISTS (SELECT 1 FROM truth WHERE truth.customer_id = m.customer_id AND truth.holds)
    RETURNING m.customer_id, m.valid_from, m.cause_fact_id
), closed AS (
    INSERT INTO {MEMBERSHIP} (segment_id, customer_id, valid_from, valid_to, known_from, cause_fact_id)
    SELECT %(segment)s, customer_id, valid_from, %(at)s, %(at)s, cause_fact_id FROM gone WHERE valid_from < %(at)s
), come AS (
    INSERT INTO {MEMBERSHIP} (segment_id, customer_id, valid_from, known_from)
    SELECT %(segment)s, customer_id, %(at)s, %(at)s FROM truth WHERE holds
    ON CONFLICT (segment_id, customer_id) WHERE valid_to IS NULL AND known_to IS NULL DO NOTHING
    RETURNING 1
), flips AS (
    INSERT INTO {FLIPS} AS f (segment_id, customer_id, due_at, state, attempts)
    SELECT %(segment)s, customer_id, flip_at, 'waiting', 0 FROM truth WHERE flip_at IS NOT NULL
    ON CONFLICT (segment_id, customer_id) DO UPDATE SET due_at = excluded.due_at
    WHERE f.due_at <> excluded.due_at
), still AS (
    DELETE FROM {FLIPS} f WHERE f.segment_id = %(segment)s
      AND NOT EXISTS (SELECT 1 FROM truth WHERE truth.customer_id = f.customer_id AND truth.flip_at IS NOT NULL)
)
SELECT (SELECT count(*) FROM truth WHERE holds), (SELECT count(*) FROM come), (SELECT count(*) FROM gone)
"""


def rebuild(segment_id: int | None = None, *, at: datetime) -> list[RebuildReport]:
    """Rebuild one segment, or all in order of dependence; ``entered`` + ``left`` is by how much state differed.

    A segment that cannot be built keeps its members, is marked failed with the reason, and is reported so.
    Raises NotFound for an unknown or archived segment.
    """
    trees = living_trees()
    if segment_id is not None and segment_id not in trees:
        raise NotFound("segment_not_found")
    cards.hold_insights()
    order = build_order({k: dependencies(t).segment_ids & trees.keys() for k, t in trees.items()})
    return [_build(k, trees, at) for k in order if segment_id is None or k == segment_id]


def _build(segment_id: int, trees: Mapping[int, Tree], at: datetime) -> RebuildReport:
    started = clock.wall_now()
    members = entered = left = 0
    error = ""
    try:
        with foundation.savepoint():
            query = Query(at)
            compiled = query.add(trees[segment_id])
            sql = _BUILD.format(truth=compiled.truth, flip=compiled.flip, source=query.source())
            values = {**query.params, "at": at, "segment": segment_id}
            # Everybody is joined with everybody's members. A planner that has not heard of a new segment's
            # rows yet expects one and loops, which is quadratic; hashing is right for any number.
            foundation.execute("SET LOCAL enable_nestloop = off")
            members, entered, left = foundation.fetch(sql, values)[0]
            foundation.execute("SET LOCAL enable_nestloop = on")
    except Exception as problem:
        log.exception("segment not built", extra={"segment_id": segment_id})
        error = f"{type(problem).__name__}: {problem}"[:500]
    milliseconds = int((clock.wall_now() - started).total_seconds() * 1000)
    state = BuildState.FAILED if error else BuildState.READY
    foundation.execute(
        "UPDATE insights_segments_segment SET state = %s, error = %s, build_ms = %s,"
        " built_at = CASE WHEN %s THEN built_at ELSE %s END WHERE id = %s",
        [state.value, error, milliseconds, bool(error), at, segment_id],
    )
    return RebuildReport(segment_id, members, entered, left, milliseconds, error)
