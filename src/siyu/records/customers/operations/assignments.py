# ruff: noqa
"""专属导购."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def assign(
    customer_ids: Iterable[int],
    employee_id: int,
    *,
    at: datetime,
    reason: str,
    by: Principal | None = None,
    only_unassigned: bool = False,
    cause: Fact | None = None,
) -> int:
    """Give customers a 专属导购; returns how many changed."""
    raise NotImplementedError


def assign_many(
    specs: Sequence[AssignSpec],
    *,
    at: datetime,
    reason: str,
    by: Principal | None = None,
    only_unassigned: bool = False,
    origin: Origin | None = None,
    cause: Fact | None = None,
) -> int:
    """The same for many customers and employees at once."""
    raise NotImplementedError
