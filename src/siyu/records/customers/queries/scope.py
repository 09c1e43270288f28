"""Scope as SQL: which customers somebody may see."""

from __future__ import annotations

import re
from collections.abc import Iterable

from siyu.foundation import api as foundation
from siyu.records.staff.contracts import Scope

_COLUMN = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")


def scope_sql(scope: Scope, column: str = "customer_id", *, each: bool = False) -> tuple[str, list[object]]:
    """A condition on ``column`` (a customer in force) and its parameters, for any set-based filter.

    A customer is in scope through its 专属导购 (the employee, or the unit of that assignment) and
    through a friend relation with one of the employees. After a merge both sides still see the person.

    The same condition in two shapes: everybody of the scope is found once and compared (a list that is read
    whole), or with ``each`` every row is looked up for itself, some twenty microseconds each (few rows, or a
    long list of which a page is read: a region may hold a hundred thousand people).
    """
    if not _COLUMN.fullmatch(column):
        raise ValueError(f"not a column: {column!r}")
    if scope.all:
        return "TRUE", []
    if not scope.unit_ids and not scope.employee_ids:
        return "FALSE", []
    units, people = sorted(scope.unit_ids), sorted(scope.employee_ids)
    if each:
        return _EACH.format(column=column), [people, units, people]
    return _WHOLE.format(column=column), [people, units, people, units, people]


# Whoever was merged away is in nobody's list, so assignments need no look at the customer but for those few; the
# merges say who they are, and the planner how few. IS TRUE keeps it from turning the comparison into a join whose
# size it cannot guess: one hash of everybody in scope is made and asked for each row.
_MERGED = """
    SELECT c.root_id FROM (
        SELECT kept_id AS id FROM records_customers_merge WHERE undone_at IS NULL
        UNION SELECT merged_id FROM records_customers_merge WHERE undone_at IS NULL) g
    JOIN records_customers_customer c ON c.id = g.id AND c.root_id <> c.id
    JOIN records_customers_assignment a ON a.customer_id = c.id"""
_WHOLE = (
    """({column} IN (
    SELECT a.customer_id FROM records_customers_assignment a
    WHERE a.until IS NULL AND (a.employee_id = ANY(%s) OR a.unit_id = ANY(%s))
    UNION ALL"""
    + _MERGED
    + """
    WHERE a.until IS NULL AND (a.employee_id = ANY(%s) OR a.unit_id = ANY(%s))
    UNION ALL
    SELECT m.customer_id FROM records_customers_contact k
    JOIN records_customers_subjectmap m ON m.subject_id = k.subject_id AND m.valid_to IS NULL
    WHERE k.until IS NULL AND k.employee_id = ANY(%s))) IS TRUE"""
)
# A scalar with LIMIT stays a look-up of this row; EXISTS might be turned into a hash of everybody.
_EACH = """((
    SELECT 1 FROM records_customers_customer c_
    JOIN records_customers_assignment a_ ON a_.customer_id = c_.id
    WHERE c_.root_id = {column} AND a_.until IS NULL AND (a_.employee_id = ANY(%s) OR a_.unit_id = ANY(%s)) LIMIT 1
    ) IS NOT NULL OR (
    SELECT 1 FROM records_customers_subjectmap m_
    JOIN records_customers_contact k_ ON k_.subject_id = m_.subject_id
    WHERE m_.customer_id = {column} AND m_.valid_to IS NULL AND k_.until IS NULL AND k_.employee_id = ANY(%s) LIMIT 1
    ) IS NOT NULL)"""
_FEW = (
    """
(SELECT a.customer_id FROM records_customers_assignment a
 WHERE a.until IS NULL AND (a.employee_id = ANY(%(people)s) OR a.unit_id = ANY(%(units)s)) LIMIT %(limit)s)
UNION ALL ("""
    + _MERGED
    + """
 WHERE a.until IS NULL AND (a.employee_id = ANY(%(people)s) OR a.unit_id = ANY(%(units)s)) LIMIT %(limit)s)
UNION ALL
(SELECT m.customer_id FROM records_customers_contact k
 JOIN records_customers_subjectmap m ON m.subject_id = k.subject_id AND m.valid_to IS NULL
 WHERE k.until IS NULL AND k.employee_id = ANY(%(people)s) LIMIT %(limit)s)
"""
)


def few_in_scope(scope: Scope, limit: int) -> list[int] | None:
    """Everybody in scope, ascending, where assignments and friendships are no more than ``limit``; else None."""
    if scope.all:
        return None
    units, people = sorted(scope.unit_ids), sorted(scope.employee_ids)
    rows = foundation.fetch(_FEW, {"units": units, "people": people, "limit": limit + 1})
    return None if len(rows) > limit else sorted({row[0] for row in rows})


def in_scope(customer_ids: Iterable[int], scope: Scope) -> set[int]:
    """Those of the ids that exist and that the scope covers; a merged id counts as its kept customer."""
    ids = sorted(set(customer_ids))
    if not ids:
        return set()
    condition, params = scope_sql(scope, "c.root_id", each=True)
    rows = foundation.fetch(
        f"SELECT c.id FROM records_customers_customer c WHERE c.id = ANY(%s) AND {condition}", [ids, *params]
    )
    return {row[0] for row in rows}
