"""The sweep that completes what two transactions at one moment may have missed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.foundation import api as foundation
from siyu.records.commerce.operations.claims import match_all


def _match(_payload: dict[str, Any], run: foundation.JobRun) -> None:
    match_all(at=run.at)


JOBS = (foundation.JobType("records_commerce.match", _match, every=timedelta(minutes=10)),)
