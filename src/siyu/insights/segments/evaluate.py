"""Judging people by trees: for a live count, for a few people, and for the incremental update."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.foundation import api as foundation
from siyu.insights.segments.compile import Query
from siyu.insights.segments.contracts import Tree

TREES_PER_STATEMENT = 25


@dataclass(frozen=True)
class Verdict:
    """Whether one person is in one segment as of the moment of judging, and when time may change it."""

    holds: bool
    flip_at: datetime | None


def judge(
    trees: Mapping[int, Tree], customer_ids: Sequence[int], *, as_of: datetime
) -> dict[tuple[int, int], Verdict]:
    """(segment, customer) → verdict, for every pair; people without a card are absent (in no segment)."""
    verdicts: dict[tuple[int, int], Verdict] = {}
    ids = sorted(trees)
    for start in range(0, len(ids), TREES_PER_STATEMENT):
        part = ids[start : start + TREES_PER_STATEMENT]
        query = Query(as_of, customer_ids)
        compiled = [query.add(trees[segment_id]) for segment_id in part]
        columns = ", ".join(f"{c.truth}, {c.flip}" for c in compiled)
        source = query.source()
        for row in foundation.fetch(f"SELECT c.customer_id, {columns} {source}", query.params):
            for i, segment_id in enumerate(part):
                verdicts[segment_id, row[0]] = Verdict(row[1 + 2 * i], row[2 + 2 * i])
    return verdicts
