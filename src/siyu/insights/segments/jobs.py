"""Background work of insights/segments."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.foundation import api as foundation
from siyu.insights.segments.flips import run_flips
from siyu.insights.segments.models import NextFlip
from siyu.insights.segments.rebuild import rebuild


def _rebuild(payload: dict[str, Any], run: foundation.JobRun) -> None:
    rebuild(payload.get("segment_id"), at=run.at)


JOBS = (foundation.JobType("segments.rebuild", _rebuild, max_attempts=3, lease=timedelta(minutes=10)),)
LOOPS = (
    foundation.Loop(
        name="segments.flips",
        run=run_flips,
        pending=lambda at: foundation.count_due(NextFlip, at=at),
        next_due=lambda: foundation.next_due(NextFlip),
    ),
)
