"""Reading scores in sum."""

from __future__ import annotations

from siyu.insights.scoring.contracts import SnapshotView, Stage
from siyu.records.staff.contracts import Scope


def current_snapshot() -> SnapshotView | None:
    """The thresholds in force, or None before the first night."""
    raise NotImplementedError


def stage_counts(scope: Scope) -> dict[Stage, int]:
    """How many customers of the scope are in each stage."""
    raise NotImplementedError
