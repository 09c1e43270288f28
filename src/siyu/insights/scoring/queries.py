"""Reading scores in sum."""

from __future__ import annotations

from datetime import datetime

from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.scoring.contracts import SnapshotView, Stage, Thresholds
from siyu.insights.scoring.models import Snapshot
from siyu.records.staff.contracts import Scope


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


def stage_counts(scope: Scope) -> dict[Stage, int]:
    """How many customers of the scope are in each stage; every stage is there, in order of life."""
    fragment = cards.scope_fragment(scope)
    found = dict(
        foundation.fetch(
            f"SELECT c.stage, count(*) FROM {cards.RELATION} c WHERE {fragment.text} GROUP BY 1",
            fragment.params,
        )
    )
    return {stage: found.get(stage.value, 0) for stage in Stage}
