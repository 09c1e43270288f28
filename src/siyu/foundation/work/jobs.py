"""Housekeeping of the queue, of files and of idle rows."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.foundation.files.operations import purge_files
from siyu.foundation.work.contracts import JobRun, JobType
from siyu.foundation.work.operations import purge_jobs
from siyu.kit import clock


def _purge(payload: dict[str, Any], run: JobRun) -> None:
    wall = clock.wall_now()
    purge_jobs(wall=wall)
    purge_files(wall=wall)


JOBS = (JobType("foundation.purge", _purge, every=timedelta(hours=6)),)
