"""Scope as SQL: which customers somebody may see, read from the kept table of who sees whom."""

from __future__ import annotations

import re
from collections.abc import Iterable

from siyu.foundation import api as foundation
from siyu.records.staff.contracts import Scope

_COLUMN = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)?")
# IS TRUE keeps the planner from turning the comparison into a join whose size it cannot guess: one hash of
# everybody in scope is made and asked for each row.
_WHOLE = """({column} IN (
    SELECT s_.customer_id FROM records_customers_sight s_ WHERE s_.viewer = ANY(%s::bigint[]))) IS TRUE"""
# A scalar with LIMIT stays a look-up of this row; EXISTS might be turned into a hash of everybody. The sum keeps
# the viewers out of the index condition: hashed once, not sorted anew for each row.
_EACH = """(SELECT 1 FROM records_customers_sight s_
    WHERE s_.customer_id = {column} AND s_.viewer + 0 = ANY(%s::bigint[]) LIMIT 1) IS NOT NULL"""
# As an array the planner takes it for short, and looks up whoever is in it.
_SMALL = """{column} = ANY(ARRAY(
    SELECT DISTINCT s_.customer_id FROM records_customers_sight s_ WHERE s_.viewer = ANY(%s::bigint[])))"""
_FEW = "SELECT DISTINCT customer_id FROM records_customers_sight WHERE viewer = ANY(%s::bigint[]) ORDER BY 1"
_PAIRS = (
    "SELECT count(*) FROM (SELECT FROM records_customers_sight WHERE viewer = ANY(%s::bigint[]) LIMIT %s) n"
)


def _viewers(scope: Scope) -> str:
    return foundation.array([*sorted(scope.employee_ids), *sorted(-unit for unit in scope.unit_ids)])


def scope_sql(
    scope: Scope, column: str = "customer_id", *, each: bool = False, small: bool = False
) -> tuple[str, list[object]]:
    """A condition on ``column`` (a customer in force) and its parameters, for any set-based filter.

    A customer is in scope through its 专属导购 (the employee, or the unit of that assignment) and
    through a friend relation with one of the employees. After a merge both sides still see the person.

    The same condition in three shapes: everybody of the scope is found once and compared (a list that is read
    whole); with ``each`` every row is looked up for itself, a microsecond each (few rows, or a long list of which
    a page is read); with ``small`` whoever is in scope is looked up in the list by ``column`` (a scope of some ten
    thousand in a long list; a region may hold a hundred thousand).
    """
    if not _COLUMN.fullmatch(column):
        raise ValueError(f"not a column: {column!r}")
    if scope.all:
        return "TRUE", []
    if not scope.unit_ids and not scope.employee_ids:
        return "FALSE", []
    return (_EACH if each else _SMALL if small else _WHOLE).format(column=column), [_viewers(scope)]


def few_in_scope(scope: Scope, limit: int) -> list[int] | None:
    """Everybody in scope, ascending, where not more than ``limit`` pairs of viewer and customer are; else None."""
    if scope.all or pairs_in_scope(scope, limit) > limit:
        return None
    return [row[0] for row in foundation.fetch(_FEW, [_viewers(scope)])]


def pairs_in_scope(scope: Scope, limit: int) -> int:
    """How many pairs of viewer and customer a scope other than all has; counted up to one more than ``limit``."""
    [(found,)] = foundation.fetch(_PAIRS, [_viewers(scope), limit + 1])
    return int(found)


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
