"""Front door of insights/scoring."""

from siyu.insights.scoring.contracts import (
    STAGE_LABELS,
    ScoringReport,
    SnapshotView,
    Stage,
    StageChanged,
    StageCounts,
    Thresholds,
    Windows,
)
from siyu.insights.scoring.operations import rescore, take_snapshot
from siyu.insights.scoring.queries import current_snapshot, stage_counts

__all__ = [
    "STAGE_LABELS",
    "ScoringReport",
    "SnapshotView",
    "Stage",
    "StageChanged",
    "StageCounts",
    "Thresholds",
    "Windows",
    "current_snapshot",
    "rescore",
    "stage_counts",
    "take_snapshot",
]
