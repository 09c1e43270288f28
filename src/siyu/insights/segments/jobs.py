"""Background work of insights/segments."""

from __future__ import annotations

from typing import Any

from siyu.foundation import api as foundation
from siyu.insights.segments.flips import run_flips
from siyu.insights.segments.models import NextFlip
from siyu.insights.segments.rebuild import rebuild
from siyu.kit.errors import NotFound


def _rebuild(payload: dict[str, Any], run: foundation.JobRun) -> None:
    """The segments named, in that order; without names all. It commits in parts; cut off, it begins anew."""
    for segment_id in payload.get("segment_ids") or [None]:
        try:
            rebuild(segment_id, at=run.at, told=run.progress, now=run.now)
        except NotFound:
            continue  # archived meanwhile


JOBS = (foundation.JobType("segments.rebuild", _rebuild, max_attempts=3, transactional=False),)
LOOPS = (
    foundation.Loop(
        name="segments.flips",
        run=run_flips,
        pending=lambda at: foundation.count_due(NextFlip, at=at),
        next_due=lambda: foundation.next_due(NextFlip),
    ),
)
