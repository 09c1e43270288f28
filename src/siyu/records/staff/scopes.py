"""Opaque scopes of a principal become units and employees."""

from __future__ import annotations

from datetime import datetime

from siyu.foundation import api as foundation
from siyu.records.staff import rules
from siyu.records.staff.contracts import EVERYTHING, NOTHING, Scope
from siyu.records.staff.queries import unit_tree


def resolve_scope(principal: foundation.Principal, *, at: datetime) -> Scope:
    """What ``principal`` may see at ``at``.

    "all" sees everything; "unit:<id>" that unit's subtree (units that have ended included, so that a
    closed store's customers stay visible to its region) and whoever works there at ``at``;
    "employee:<id>" that employee, for as long as they work here. Anything not understood grants nothing.
    """
    if foundation.SCOPE_ALL in principal.scopes:
        return EVERYTHING
    unit_ids = _numbers(principal.scopes, "unit:")
    employee_ids = _working(_numbers(principal.scopes, "employee:"), at)
    if not unit_ids and not employee_ids:
        return NOTHING
    own = min(employee_ids) if employee_ids else None
    if not unit_ids:
        return Scope(employee_ids=frozenset(employee_ids), employee_id=own)
    parents = {unit.id: unit.parent_id for unit in unit_tree(at, ended=True)}
    units = rules.subtree(parents, unit_ids)
    staff = foundation.fetch(
        "SELECT employee_id FROM records_staff_employment"
        " WHERE unit_id = ANY(%s) AND since <= %s AND (until IS NULL OR until > %s)",
        [sorted(units), at, at],
    )
    everyone = frozenset(row[0] for row in staff) | employee_ids
    return Scope(unit_ids=frozenset(units), employee_ids=everyone, employee_id=own)


def _working(employee_ids: set[int], at: datetime) -> set[int]:
    """Those of the ids who work here at ``at``: whoever has left sees nobody with the account that stays behind."""
    if not employee_ids:
        return employee_ids
    rows = foundation.fetch(
        "SELECT employee_id FROM records_staff_employment"
        " WHERE employee_id = ANY(%s) AND since <= %s AND (until IS NULL OR until > %s)",
        [sorted(employee_ids), at, at],
    )
    return {row[0] for row in rows}


def _numbers(scopes: tuple[str, ...], prefix: str) -> set[int]:
    found = set()
    for scope in scopes:
        number = scope.removeprefix(prefix)
        if number != scope and number.isascii() and number.isdigit():
            found.add(int(number))
    return found
