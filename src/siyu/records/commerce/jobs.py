"""The sweep that completes what two transactions at one moment may have missed; shares that are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from siyu.foundation import api as foundation
from siyu.records.commerce.operations.claims import match_all
from siyu.records.commerce.operations.rates import keep_match_rates


def _match(_payload: dict[str, Any], run: foundation.JobRun) -> None:
    match_all(at=run.at)


def _rates(_payload: dict[str, Any], run: foundation.JobRun) -> None:
    keep_match_rates(at=run.at)


JOBS = (
    foundation.JobType("records_commerce.match", _match, every=timedelta(minutes=10)),
    foundation.JobType("records_commerce.rates", _rates, every=timedelta(minutes=5), transactional=False),
)
