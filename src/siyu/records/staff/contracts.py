"""What crosses the door of staff: specs of a directory, views, the one scope type, facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from siyu.facts.api import FactType


class UnitKind(StrEnum):
    """What a node of the organisation tree is."""

    COMPANY = "company"
    REGION = "region"
    STORE = "store"


class StaffRole(StrEnum):
    """What somebody is within a unit (rights come from the account's role and scopes, not from this)."""

    CLERK = "clerk"
    MANAGER = "manager"


UNIT_KIND_LABELS = {
    UnitKind.COMPANY: _("Headquarters"),
    UnitKind.REGION: _("Region"),
    UnitKind.STORE: _("Store"),
}
STAFF_ROLE_LABELS = {StaffRole.CLERK: _("Clerk"), StaffRole.MANAGER: _("Manager")}


@dataclass(frozen=True)
class UnitSpec:
    """One node of a directory as its source tells it. The root has no parent."""

    external_id: str
    name: str
    kind: UnitKind
    parent_external_id: str | None = None
    code: str = ""


@dataclass(frozen=True)
class EmployeeSpec:
    """One employee as the directory tells it; ``unit_external_id`` is the main department."""

    userid: str
    name: str
    unit_external_id: str
    role: StaffRole = StaffRole.CLERK
    mobile: str = ""
    title: str = ""


@dataclass(frozen=True)
class SyncResult:
    """What one directory sync changed; all zero on a repeat."""

    units_added: int = 0
    units_changed: int = 0
    units_ended: int = 0
    joined: int = 0
    moved: int = 0
    left: int = 0
    updated: int = 0


@dataclass(frozen=True)
class UnitView:
    """A unit as of a moment. ``path`` reads "总部 / 华东 / 南京路店"; ``id_path`` is root to self."""

    id: int
    parent_id: int | None
    name: str
    kind: UnitKind
    code: str
    path: str
    id_path: tuple[int, ...]
    active: bool = True


@dataclass(frozen=True)
class EmployeeView:
    """An employee as of a moment; ``unit_id`` is the current unit, or the last one when inactive."""

    id: int
    userid: str
    name: str
    unit_id: int | None
    unit_name: str
    role: StaffRole
    active: bool
    title: str = ""
    mobile_masked: str = ""
    source: str = ""


@dataclass(frozen=True)
class EmploymentView:
    """One period of an employee in a unit; ``until`` None means now."""

    employee_id: int
    unit_id: int
    unit_name: str
    role: StaffRole
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Scope:
    """Which people and customers somebody may see. The one scope type of all queries.

    ``all`` lifts every limit. ``unit_ids`` holds whole subtrees, ended units included;
    ``employee_ids`` the people working there now plus those named one by one. An empty scope sees
    nothing. ``employee_id`` is the reader's own employee row, if the account belongs to one.
    """

    all: bool = False
    unit_ids: frozenset[int] = frozenset()
    employee_ids: frozenset[int] = frozenset()
    employee_id: int | None = None


EVERYTHING = Scope(all=True)
NOTHING = Scope()


@dataclass(frozen=True)
class QuotaRequest:
    """Take up to ``amount`` of ``limit`` of a counter, e.g. kind "add_friend", window "2026-11-21"."""

    account_id: int
    kind: str
    window: str
    amount: int
    limit: int


@dataclass(frozen=True)
class ServiceAccountView:
    """An employee's account in one connection (a WeCom member), which has quotas."""

    id: int
    employee_id: int
    connection: str
    userid: str
    active: bool


@dataclass(frozen=True)
class EmployeeJoined:
    """An employee appeared in the directory, or came back."""

    employee_id: int
    unit_id: int


@dataclass(frozen=True)
class EmployeeLeft:
    """An employee is gone from the directory."""

    employee_id: int
    unit_id: int


@dataclass(frozen=True)
class EmployeeMoved:
    """An employee changed unit; what was before keeps its attribution."""

    employee_id: int
    unit_id: int
    previous_unit_id: int


@dataclass(frozen=True)
class UnitChanged:
    """A unit was added, changed (name, kind, code, parent) or ended."""

    unit_id: int
    change: str


OWNER = "records_staff"
FACTS = (
    FactType("employee.joined", 1, OWNER, EmployeeJoined, _("Employee joined"), timeline=False),
    FactType("employee.left", 1, OWNER, EmployeeLeft, _("Employee left"), timeline=False),
    FactType("employee.moved", 1, OWNER, EmployeeMoved, _("Employee moved"), timeline=False),
    FactType("unit.changed", 1, OWNER, UnitChanged, _("Organisation changed"), timeline=False),
)
