"""Background work of insights/cards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.foundation import api as foundation
from siyu.insights.cards.operations import rebuild


def _rebuild(payload: dict[str, Any], run: foundation.JobRun) -> None:
    rebuild(at=run.at, now=run.now)


JOBS = (
    foundation.JobType(
        "cards.rebuild", _rebuild, max_attempts=3, lease=timedelta(minutes=10), transactional=False
    ),
)
