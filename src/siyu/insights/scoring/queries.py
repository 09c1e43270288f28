"""Reading scores in sum."""

from __future__ import annotations

from datetime import datetime

from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.scoring.contracts import SnapshotView, Stage, StageCounts, Thresholds
from siyu.insights.scoring.models import Snapshot
from siyu.records.customers import api as customers
from siyu.records.staff.contracts import Scope

LARGE = 200_000
FEW = 20_000


def current_snapshot() -> SnapshotView | None:
    """The thresholds in force, or None before the first night."""
    row = Snapshot.objects.order_by("-id").first()
    if row is None:
        return None
    found = row.thresholds
    thresholds = None
    if found is not None:
        thresholds = Thresholds(
            recency=tuple(datetime.fromisoformat(moment) for moment in found["recency"]),
            frequency=tuple(found["frequency"]),
            monetary=tuple(found["monetary"]),
        )
    return SnapshotView(row.pk, row.taken_at, row.buyers, thresholds)


def stage_counts(scope: Scope) -> StageCounts:
    """How many customers of the scope are in each stage; every stage is there, in order of life.

    A large brand's are estimated from one customer in 256, drawn by chance.
    """
    sampled = cards.more_than(LARGE) and (scope.all or customers.few_in_scope(scope, FEW) is None)
    fragment = cards.scope_fragment(scope, each=sampled)
    only = f"{cards.SAMPLED} AND " if sampled else ""
    found = dict(
        foundation.fetch(
            f"SELECT c.stage, count(*) FROM {cards.RELATION} c WHERE {only}{fragment.text} GROUP BY 1",
            fragment.params,
        )
    )
    factor = cards.SAMPLE if sampled else 1
    return StageCounts({stage: factor * found.get(stage.value, 0) for stage in Stage}, sampled)
