"""The front door of staff."""

from siyu.records.staff.contracts import (
    EVERYTHING,
    NOTHING,
    EmployeeSpec,
    EmployeeView,
    EmploymentView,
    QuotaRequest,
    Scope,
    ServiceAccountView,
    StaffRole,
    SyncResult,
    UnitKind,
    UnitSpec,
    UnitView,
)
from siyu.records.staff.operations import ensure_service_accounts, take_quota
from siyu.records.staff.queries import (
    employee_by_userid,
    employees,
    employees_by_id,
    employees_by_userid,
    employment_history,
    quota_used,
    service_accounts,
    unit_tree,
    units_at,
    units_by_code,
)
from siyu.records.staff.scopes import resolve_scope
from siyu.records.staff.sync import sync_directory

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "EmployeeSpec",
    "EmployeeView",
    "EmploymentView",
    "QuotaRequest",
    "Scope",
    "ServiceAccountView",
    "StaffRole",
    "SyncResult",
    "UnitKind",
    "UnitSpec",
    "UnitView",
    "employee_by_userid",
    "employees",
    "employees_by_id",
    "employees_by_userid",
    "employment_history",
    "ensure_service_accounts",
    "quota_used",
    "resolve_scope",
    "service_accounts",
    "sync_directory",
    "take_quota",
    "unit_tree",
    "units_at",
    "units_by_code",
]
