"""Housekeeping of the API."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.foundation.api import JobRun, JobType
from siyu.interfaces.api.models import IdempotentCall
from siyu.kit import clock

KEEP = timedelta(days=7)


def _purge(payload: dict[str, Any], run: JobRun) -> None:
    """Forget answers that nobody will ask for again."""
    IdempotentCall.objects.filter(created_at__lt=clock.wall_now() - KEEP).delete()


JOBS = (JobType("api.purge", _purge, every=timedelta(days=1)),)
