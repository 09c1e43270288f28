"""Read the organisation as of a moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation
from siyu.kit.errors import Conflict
from siyu.records.staff import rules
from siyu.records.staff.contracts import (
    EmployeeView,
    EmploymentView,
    ServiceAccountView,
    StaffRole,
    UnitKind,
    UnitView,
)
from siyu.records.staff.models import ServiceAccount

_UNITS = """
SELECT DISTINCT ON (unit_id) unit_id, parent_id, kind, name, code, valid_to IS NULL OR valid_to > %(at)s AS active
FROM records_staff_unitversion
WHERE valid_from <= %(at)s AND (valid_to IS NULL OR valid_to > valid_from)
ORDER BY unit_id, valid_from DESC, id DESC
"""

_EMPLOYEES = """
SELECT e.id, e.userid, e.name, e.title, e.mobile_masked, e.source, w.unit_id, w.role, w.active,
       coalesce(u.name, '') AS unit_name
FROM records_staff_employee e
LEFT JOIN LATERAL (
    SELECT unit_id, role, until IS NULL OR until > %(at)s AS active
    FROM records_staff_employment WHERE employee_id = e.id AND since <= %(at)s
    ORDER BY since DESC, id DESC LIMIT 1
) w ON true
LEFT JOIN LATERAL (
    SELECT name FROM records_staff_unitversion WHERE unit_id = w.unit_id AND valid_from <= %(at)s
    ORDER BY valid_from DESC, id DESC LIMIT 1
) u ON true
WHERE {where} ORDER BY w.unit_id, w.role DESC, e.userid
"""


def unit_tree(at: datetime, *, ended: bool = False) -> list[UnitView]:
    """The tree as of ``at``, parents before children, siblings by code, then name.

    With ``ended`` also units that had ended by then, as they last were (``active`` False).
    """
    rows = {row["unit_id"]: row for row in foundation.fetch_dicts(_UNITS, {"at": at})}
    parents = {unit_id: row["parent_id"] for unit_id, row in rows.items()}
    chains = {unit_id: rules.chain_of(parents, unit_id) for unit_id in rows}
    order = sorted(
        (unit_id for unit_id, row in rows.items() if ended or row["active"]),
        key=lambda unit_id: [(rows[step]["code"], rows[step]["name"], step) for step in chains[unit_id]],
    )
    return [
        UnitView(
            id=unit_id,
            parent_id=parents[unit_id],
            name=rows[unit_id]["name"],
            kind=UnitKind(rows[unit_id]["kind"]),
            code=rows[unit_id]["code"],
            path=" / ".join(rows[step]["name"] for step in chains[unit_id]),
            id_path=chains[unit_id],
            active=rows[unit_id]["active"],
        )
        for unit_id in order
    ]


def units_by_code(codes: Iterable[str], *, at: datetime) -> dict[str, UnitView]:
    """Units in force at ``at`` by their business code (store code); unknown codes are absent."""
    wanted = {code for code in codes if code}
    return {unit.code: unit for unit in unit_tree(at) if unit.code in wanted} if wanted else {}


def _employees(where: str, params: dict[str, Any]) -> list[EmployeeView]:
    return [
        EmployeeView(
            id=row["id"],
            userid=row["userid"],
            name=row["name"],
            unit_id=row["unit_id"],
            unit_name=row["unit_name"],
            role=StaffRole(row["role"] or StaffRole.CLERK),
            active=bool(row["active"]),
            title=row["title"],
            mobile_masked=row["mobile_masked"],
            source=row["source"],
        )
        for row in foundation.fetch_dicts(_EMPLOYEES.format(where=where), params)
    ]


def employees(
    at: datetime, unit_ids: Iterable[int] | None = None, *, active_only: bool = True
) -> list[EmployeeView]:
    """Employees as of ``at``, of the given units (not their subtrees) or of all, managers first."""
    conditions, params = ["TRUE"], {"at": at, "units": [] if unit_ids is None else sorted(unit_ids)}
    if unit_ids is not None:
        conditions.append("w.unit_id = ANY(%(units)s)")
    if active_only:
        conditions.append("w.active")
    return _employees(" AND ".join(conditions), params)


def employees_by_id(employee_ids: Iterable[int], *, at: datetime) -> dict[int, EmployeeView]:
    """Employees by id, those who left included; unknown ids are absent."""
    ids = sorted(set(employee_ids))
    found = _employees("e.id = ANY(%(ids)s)", {"at": at, "ids": ids}) if ids else []
    return {person.id: person for person in found}


def employees_by_userid(
    userids: Iterable[str], *, at: datetime, source: str | None = None
) -> dict[str, EmployeeView]:
    """Employees by directory userid, those who left included; unknown ones are absent.

    Without ``source`` a userid that two directories know raises Conflict("employee.ambiguous").
    """
    wanted = sorted(set(userids))
    if not wanted:
        return {}
    where = "e.userid = ANY(%(userids)s)" + ("" if source is None else " AND e.source = %(source)s")
    found: dict[str, EmployeeView] = {}
    for person in _employees(where, {"at": at, "userids": wanted, "source": source}):
        if person.userid in found:
            raise Conflict(
                "employee.ambiguous",
                _("Two directories know the userid %(userid)s. Name the directory."),
                userid=person.userid,
            )
        found[person.userid] = person
    return found


def employee_by_userid(userid: str, *, at: datetime, source: str | None = None) -> EmployeeView | None:
    """The employee of a directory userid or None; Conflict when two directories know it."""
    return employees_by_userid([userid], at=at, source=source).get(userid)


def units_at(pairs: Sequence[tuple[int, datetime]]) -> list[int | None]:
    """The unit in which each (employee, moment) worked: what happened keeps its attribution.

    None before the first employment and between two of them. One statement for all pairs.
    """
    if not pairs:
        return []
    rows = foundation.fetch(
        """SELECT p.n, w.unit_id
           FROM unnest(%s::bigint[], %s::timestamptz[]) WITH ORDINALITY AS p(employee_id, moment, n)
           JOIN LATERAL (
               SELECT unit_id FROM records_staff_employment
               WHERE employee_id = p.employee_id AND since <= p.moment AND (until IS NULL OR until > p.moment)
               ORDER BY since DESC, id DESC LIMIT 1) w ON true""",
        [[employee for employee, _moment in pairs], [moment for _employee, moment in pairs]],
    )
    found = dict(rows)
    return [found.get(number) for number in range(1, len(pairs) + 1)]


def employment_history(employee_id: int) -> list[EmploymentView]:
    """All periods of one employee, oldest first; unit names as they were when the period began."""
    rows = foundation.fetch(
        """SELECT w.employee_id, w.unit_id, coalesce(v.name, ''), w.role, w.since, w.until
           FROM records_staff_employment w
           LEFT JOIN LATERAL (
               SELECT name FROM records_staff_unitversion
               WHERE unit_id = w.unit_id AND valid_from <= w.since ORDER BY valid_from DESC, id DESC LIMIT 1
           ) v ON true
           WHERE w.employee_id = %s ORDER BY w.since, w.id""",
        [employee_id],
    )
    return [
        EmploymentView(employee, unit, name, StaffRole(role), since, until)
        for employee, unit, name, role, since, until in rows
    ]


def service_accounts(*, connection: str | None = None) -> list[ServiceAccountView]:
    """Service accounts, of one connection or of all, by id."""
    rows = ServiceAccount.objects.order_by("id")
    if connection is not None:
        rows = rows.filter(connection=connection)
    return [
        ServiceAccountView(row.pk, row.employee_id, row.connection, row.userid, row.active) for row in rows
    ]


def quota_used(account_ids: Iterable[int], kind: str, window: str) -> dict[int, int]:
    """How much of one counter each account has used; 0 where nothing was taken."""
    ids = sorted(set(account_ids))
    rows = foundation.fetch(
        "SELECT account_id, used FROM records_staff_quotacounter"
        ' WHERE account_id = ANY(%s) AND kind = %s AND "window" = %s',
        [ids, kind, window],
    )
    return {**dict.fromkeys(ids, 0), **dict(rows)}
