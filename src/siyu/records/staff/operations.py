# ruff: noqa
"""Service accounts and their quota counters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.staff.contracts import *  # noqa


def ensure_service_accounts(
    specs: Sequence[tuple[str, str]], *, connection: str, source: str, at: datetime
) -> list[int]:
    """Make or find the service account of each (employee userid, account userid)."""
    raise NotImplementedError


def take_quota(requests: Sequence[QuotaRequest], *, at: datetime) -> list[int]:
    """Take up to amount of each counter in one conditional statement; returns what was granted per request."""
    raise NotImplementedError
