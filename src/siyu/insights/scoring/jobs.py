"""Background work of insights/scoring."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.foundation import api as foundation
from siyu.insights.scoring.models import StageFlip
from siyu.insights.scoring.operations import run_flips, take_snapshot, watch


def _snapshot(payload: dict[str, Any], run: foundation.JobRun) -> None:
    take_snapshot(at=run.at, told=run.progress, now=run.now)


def _watch(payload: dict[str, Any], run: foundation.JobRun) -> None:
    watch(at=run.at, told=run.progress, now=run.now)


# Both commit in parts: nothing else of insights may wait until a million people are scored.
JOBS = (
    foundation.JobType("scoring.snapshot", _snapshot, every=timedelta(days=1), transactional=False),
    foundation.JobType("scoring.watch", _watch, every=timedelta(minutes=2), transactional=False),
)
LOOPS = (
    foundation.Loop(
        name="scoring.flips",
        run=run_flips,
        pending=lambda at: foundation.count_due(StageFlip, at=at),
        next_due=lambda: foundation.next_due(StageFlip),
    ),
)
