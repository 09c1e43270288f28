"""Background work of insights/metrics."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.foundation import api as foundation
from siyu.insights.metrics.keeping import keep


def _keep(payload: dict[str, Any], run: foundation.JobRun) -> None:
    keep(at=run.at)


JOBS = (foundation.JobType("metrics.keep", _keep, every=timedelta(minutes=5), transactional=False),)
