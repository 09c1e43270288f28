# ruff: noqa
"""Read the organisation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.staff.contracts import *  # noqa


def unit_tree(at: datetime, *, ended: bool = False) -> list[UnitView]:
    """The tree as of ``at``, parents before children, siblings by code and name."""
    raise NotImplementedError


def employees(
    at: datetime, unit_ids: Iterable[int] | None = None, *, active_only: bool = True
) -> list[EmployeeView]:
    """Employees as of ``at``, of given units (not their subtrees) or all."""
    raise NotImplementedError


def employees_by_id(employee_ids: Iterable[int], *, at: datetime) -> dict[int, EmployeeView]:
    """Employees by id, inactive ones included."""
    raise NotImplementedError


def employee_by_userid(userid: str, *, at: datetime, source: str | None = None) -> EmployeeView | None:
    """The employee of a directory userid."""
    raise NotImplementedError


def employees_by_userid(
    userids: Iterable[str], *, at: datetime, source: str | None = None
) -> dict[str, EmployeeView]:
    """Employees by userid."""
    raise NotImplementedError


def units_by_code(codes: Iterable[str], *, at: datetime) -> dict[str, UnitView]:
    """Units by their business code (store code)."""
    raise NotImplementedError


def units_at(pairs: Sequence[tuple[int, datetime]]) -> list[int | None]:
    """The unit of each (employee, moment): historical attribution."""
    raise NotImplementedError


def employment_history(employee_id: int) -> list[EmploymentView]:
    """All periods of one employee, oldest first."""
    raise NotImplementedError


def service_accounts(*, connection: str | None = None) -> list[ServiceAccountView]:
    """Service accounts."""
    raise NotImplementedError


def quota_used(account_ids: Iterable[int], kind: str, window: str) -> dict[int, int]:
    """How much of a counter is used."""
    raise NotImplementedError
