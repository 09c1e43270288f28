"""Reading definitions from the database."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

from siyu.foundation import api as foundation
from siyu.insights.segments.contracts import BuildState, Tree
from siyu.insights.segments.rules import parse_tree


def active_trees() -> dict[int, Tree]:
    """The trees of all segments that are kept up to date (built or being built, not archived), by id."""
    return _trees("s.state <> %s", [BuildState.FAILED.value])


def unbuilt() -> frozenset[int]:
    """Segments whose definition waits to be built or is being built."""
    rows = foundation.fetch(
        "SELECT id FROM insights_segments_segment WHERE archived_at IS NULL AND state = %s",
        [BuildState.PENDING.value],
    )
    return frozenset(row[0] for row in rows)


def version_of(segment_id: int, *, hold: bool = False) -> int | None:
    """The version in force; None for an unknown or archived segment. ``hold``: nobody changes it until the commit."""
    rows = foundation.fetch(
        "SELECT version FROM insights_segments_segment WHERE id = %s AND archived_at IS NULL"
        + (" FOR UPDATE" if hold else ""),
        [segment_id],
    )
    return rows[0][0] if rows else None


def living_trees() -> dict[int, Tree]:
    """The trees of all segments that are not archived, built or not, by id."""
    return _trees("TRUE", [])


def _trees(condition: str, params: Sequence[str]) -> dict[int, Tree]:
    rows = foundation.fetch(
        "SELECT s.id, v.definition::text FROM insights_segments_segment s"
        " JOIN insights_segments_segmentversion v ON v.segment_id = s.id AND v.version = s.version"
        f" WHERE s.archived_at IS NULL AND {condition} ORDER BY s.id",
        params,
    )
    return {row[0]: _parsed(row[1]) for row in rows}


@lru_cache(maxsize=1_000)
def _parsed(definition: str) -> Tree:
    # a definition never changes once stored, so its text is a safe key
    return parse_tree(json.loads(definition))
