"""Scoring: thresholds, and everybody's stage and scores."""

from __future__ import annotations

from datetime import datetime

from siyu.insights.scoring.contracts import ScoringReport, SnapshotView


def take_snapshot(*, at: datetime) -> SnapshotView:
    """Compute the quintile thresholds over all buyers now and score everybody by them."""
    raise NotImplementedError


def rescore(*, at: datetime) -> ScoringReport:
    """Score everybody again by the thresholds in force."""
    raise NotImplementedError
