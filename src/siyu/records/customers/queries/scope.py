"""Scope as SQL: which customers somebody may see."""

from __future__ import annotations

import re
from collections.abc import Iterable

from siyu.foundation import api as foundation
from siyu.records.staff.contracts import Scope

_COLUMN = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


def scope_sql(scope: Scope, column: str = "customer_id") -> tuple[str, list[object]]:
    """A condition on ``column`` (a customer in force) and its parameters, for any set-based filter.

    A customer is in scope through its 专属导购 (the employee, or the unit of that assignment) and
    through a friend relation with one of the employees. After a merge both sides still see the person.
    """
    if not _COLUMN.fullmatch(column):
        raise ValueError(f"not a column: {column!r}")
    if scope.all:
        return "TRUE", []
    if not scope.unit_ids and not scope.employee_ids:
        return "FALSE", []
    units, people = sorted(scope.unit_ids), sorted(scope.employee_ids)
    condition = f"""{column} IN (
        SELECT c.root_id FROM records_customers_assignment a
        JOIN records_customers_customer c ON c.id = a.customer_id
        WHERE a.until IS NULL AND (a.employee_id = ANY(%s) OR a.unit_id = ANY(%s))
        UNION
        SELECT m.customer_id FROM records_customers_contact k
        JOIN records_customers_subjectmap m ON m.subject_id = k.subject_id AND m.valid_to IS NULL
        WHERE k.until IS NULL AND k.employee_id = ANY(%s))"""
    return condition, [people, units, people]


def in_scope(customer_ids: Iterable[int], scope: Scope) -> set[int]:
    """Those of the ids that exist and that the scope covers; a merged id counts as its kept customer."""
    ids = sorted(set(customer_ids))
    if not ids:
        return set()
    condition, params = scope_sql(scope, "c.root_id")
    rows = foundation.fetch(
        f"SELECT c.id FROM records_customers_customer c WHERE c.id = ANY(%s) AND {condition}", [ids, *params]
    )
    return {row[0] for row in rows}
