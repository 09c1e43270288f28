"""Tasks expire."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.actions.work.operations import expire_tasks
from siyu.foundation import api as foundation


def _expire(payload: dict[str, Any], run: foundation.JobRun) -> None:
    while expire_tasks(at=run.at, limit=1000) == 1000:
        pass


JOBS = (foundation.JobType("work.expire", _expire, every=timedelta(minutes=15)),)
