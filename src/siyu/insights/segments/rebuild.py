"""Build the members of segments from nothing, and say by how much the kept state differed.

People are judged a part at a time, by ascending number, each part one transaction where the caller has none:
everything else of insights waits for a part, not for a million people. Until the last part is done a new
definition's state is PENDING; whoever is touched meanwhile is judged by it as well, quietly. A build records
no facts about people: nothing may act because a definition was written or a rebuild was run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments.compile import MEMBERSHIP, Query
from siyu.insights.segments.contracts import BuildState, RebuildReport, Tree
from siyu.insights.segments.members import FLIPS
from siyu.insights.segments.rules import build_order, dependencies
from siyu.insights.segments.store import living_trees, version_of
from siyu.kit import clock
from siyu.kit.errors import NotFound

log = logging.getLogger("siyu.segments")

PART = 20_000
PART_WITH_FACTS = 4_000
"""Fewer at a time where each person's facts are looked up."""
END = 2**62
Told = Callable[[int], None]
Now = Callable[[], datetime]

_TRUTH = """
CREATE TEMP TABLE IF NOT EXISTS segment_truth (customer_id bigint NOT NULL, holds boolean NOT NULL, flip_at timestamptz)
"""
_JUDGE = """
INSERT INTO segment_truth SELECT c.customer_id, {truth}, {flip} {source}
"""
_BUILD = f"""
WITH gone AS (
    UPDATE {MEMBERSHIP} m SET known_to = greatest(m.known_from, %(at)s)
    WHERE m.segment_id = %(segment)s AND m.customer_id > %(low)s AND m.customer_id <= %(high)s
      AND m.valid_to IS NULL AND m.known_to IS NULL
      AND NOT EXISTS (SELECT 1 FROM segment_truth t WHERE t.customer_id = m.customer_id AND t.holds)
    RETURNING m.customer_id, m.valid_from, m.cause_fact_id
), closed AS (
    INSERT INTO {MEMBERSHIP} (segment_id, customer_id, valid_from, valid_to, known_from, cause_fact_id)
    SELECT %(segment)s, customer_id, valid_from, %(at)s, %(at)s, cause_fact_id FROM gone WHERE valid_from < %(at)s
), come AS (
    INSERT INTO {MEMBERSHIP} (segment_id, customer_id, valid_from, known_from)
    SELECT %(segment)s, customer_id, %(at)s, %(at)s FROM segment_truth WHERE holds
    ON CONFLICT (segment_id, customer_id) WHERE valid_to IS NULL AND known_to IS NULL DO NOTHING
    RETURNING 1
), flips AS (
    INSERT INTO {FLIPS} AS f (segment_id, customer_id, due_at, state, attempts)
    SELECT %(segment)s, customer_id, flip_at, 'waiting', 0 FROM segment_truth WHERE flip_at IS NOT NULL
    ON CONFLICT (segment_id, customer_id) DO UPDATE SET due_at = excluded.due_at
    WHERE f.due_at <> excluded.due_at
), still AS (
    DELETE FROM {FLIPS} f WHERE f.segment_id = %(segment)s AND f.customer_id > %(low)s AND f.customer_id <= %(high)s
      AND NOT EXISTS (SELECT 1 FROM segment_truth t WHERE t.customer_id = f.customer_id AND t.flip_at IS NOT NULL)
)
SELECT (SELECT count(*) FROM segment_truth WHERE holds), (SELECT count(*) FROM come), (SELECT count(*) FROM gone)
"""


@dataclass(frozen=True)
class _Found:
    """What the parts so far came to."""

    members: int = 0
    entered: int = 0
    left: int = 0


def rebuild(
    segment_id: int | None = None,
    *,
    at: datetime,
    told: Told = lambda _people: None,
    now: Now | None = None,
) -> list[RebuildReport]:
    """Rebuild one segment, or all in order of dependence; ``entered`` + ``left`` is by how much state differed.

    A segment that cannot be built is marked failed with the reason and reported so; people of the parts not
    reached keep their membership. ``told`` hears how many people of the segment at hand have been judged. Each part is
    judged as of ``now`` (default: all as of ``at``), so that nothing is taken back that time did meanwhile.
    Raises NotFound for an unknown or archived segment.
    """
    trees = living_trees()
    if segment_id is not None and segment_id not in trees:
        raise NotFound("segment_not_found")
    order = build_order({k: dependencies(t).segment_ids & trees.keys() for k, t in trees.items()})
    return [
        _build(k, trees, now or (lambda: at), told) for k in order if segment_id is None or k == segment_id
    ]


def _build(segment_id: int, trees: Mapping[int, Tree], now: Now, told: Told) -> RebuildReport:
    started = clock.wall_now()
    tree: Tree | None = trees[segment_id]
    while True:
        found, error, version = _Found(), "", version_of(segment_id)
        if tree is None:
            return RebuildReport(segment_id, 0, 0, 0, 0, "")
        try:
            found = _parts(segment_id, tree, now, told)
        except Exception as problem:
            log.exception("segment not built", extra={"segment_id": segment_id})
            error = f"{type(problem).__name__}: {problem}"[:500]
        milliseconds = int((clock.wall_now() - started).total_seconds() * 1000)
        with foundation.transaction():
            cards.hold_insights()
            if version_of(segment_id, hold=True) == version:
                _finish(segment_id, error, milliseconds, now())
                return RebuildReport(
                    segment_id, found.members, found.entered, found.left, milliseconds, error
                )
        # somebody changed the definition meanwhile: the new one counts, unless the segment is gone
        tree = living_trees().get(segment_id)


def _parts(segment_id: int, tree: Tree, now: Now, told: Told) -> _Found:
    """Judge everybody, part by part."""
    found = _Found()
    size = PART_WITH_FACTS if dependencies(tree).fact_names else PART
    for number, (low, high) in enumerate(_ranges(size), start=1):
        with foundation.transaction():
            cards.hold_insights()
            part = _part(segment_id, tree, low, high, now())
        found = _Found(found.members + part.members, found.entered + part.entered, found.left + part.left)
        told(number * size)
    return found


def _part(segment_id: int, tree: Tree, low: int, high: int, at: datetime) -> _Found:
    query = Query(at, between=(low, high))
    compiled = query.add(tree)
    source = query.source()
    foundation.execute(_TRUTH)
    foundation.execute("TRUNCATE segment_truth")
    foundation.execute(_JUDGE.format(truth=compiled.truth, flip=compiled.flip, source=source), query.params)
    # Everybody judged is joined with everybody's members. A planner that has not heard of a new segment's
    # rows yet expects one and loops, which is quadratic; hashing is right for any number.
    foundation.execute("SET LOCAL enable_nestloop = off")
    [counts] = foundation.fetch(_BUILD, {"at": at, "segment": segment_id, "low": low, "high": high})
    foundation.execute("SET LOCAL enable_nestloop = on")
    return _Found(*counts)


def _ranges(size: int) -> Iterator[tuple[int, int]]:
    """Bounds of card numbers with ``size`` cards each: above the first, up to the second; the last is open."""
    low = 0
    while True:
        rows = foundation.fetch(
            f"SELECT customer_id FROM {cards.RELATION} WHERE customer_id > %s ORDER BY customer_id OFFSET %s LIMIT 1",
            [low, size - 1],
        )
        high = rows[0][0] if rows else END
        yield low, high
        if not rows:
            return
        low = high


def _finish(segment_id: int, error: str, milliseconds: int, at: datetime) -> None:
    state = BuildState.FAILED if error else BuildState.READY
    foundation.execute(
        "UPDATE insights_segments_segment SET state = %s, error = %s, build_ms = %s,"
        " built_at = CASE WHEN %s THEN built_at ELSE %s END WHERE id = %s",
        [state.value, error, milliseconds, bool(error), at, segment_id],
    )
