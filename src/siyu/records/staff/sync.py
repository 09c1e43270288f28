# ruff: noqa
"""Take over a directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.staff.contracts import *  # noqa


def sync_directory(
    units: Sequence[UnitSpec],
    employees: Sequence[EmployeeSpec],
    *,
    source: str,
    at: datetime,
    allow_shrink: bool = False,
) -> SyncResult:
    """Make the tree and the employees of one source equal to what it says."""
    raise NotImplementedError
