"""Housekeeping of the inbox and of the log's partitions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.facts.events.log import ensure_partitions
from siyu.facts.inbox.operations import purge_inbox
from siyu.foundation.api import JobRun, JobType
from siyu.kit import clock


def _purge(payload: dict[str, Any], run: JobRun) -> None:
    purge_inbox(wall=clock.wall_now())


def _partitions(payload: dict[str, Any], run: JobRun) -> None:
    ensure_partitions(at=run.at)


JOBS = (
    JobType("facts.purge_inbox", _purge, every=timedelta(hours=12), transactional=False),
    JobType("facts.partitions", _partitions, every=timedelta(days=1)),
)
