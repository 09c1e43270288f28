"""The numbers per day: (numerator, denominator) for each metric, one or two queries for any span of days."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from siyu.foundation import api as foundation
from siyu.insights.metrics import rules
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff.contracts import Scope

Pair = tuple[int, int | None]
REPURCHASE_DAYS = 30
ENTRY = "insights_metrics_entry"

# never a friend of anybody before: the earliest of the person's entries
FIRST_TIME = (
    f"NOT EXISTS (SELECT 1 FROM {ENTRY} b WHERE b.subject_id = e.subject_id AND b.kind = e.kind"
    " AND (b.occurred_at, b.fact_id) < (e.occurred_at, e.fact_id))"
)
DONE_IN_TIME = f"EXISTS (SELECT 1 FROM {ENTRY} d WHERE d.kind = '{rules.TASK_DONE}' AND d.ref = e.ref AND d.day <= e.day)"
WELCOMED = f"EXISTS (SELECT 1 FROM {ENTRY} d WHERE d.kind = '{rules.WELCOME_SENT}' AND d.ref = e.ref)"


def by_day(key: str, scope: Scope, first: date, last: date) -> dict[date, Pair]:
    """Numerator and denominator of each day from ``first`` to ``last``."""
    return _COUNTERS[key](scope, first, last)


def employee_scope(scope: Scope) -> tuple[str, list[Any]]:
    """The scope over an entry ``e`` by its employee."""
    return ("TRUE", []) if scope.all else ("e.employee_id = ANY(%s)", [sorted(scope.employee_ids)])


def customer_scope(scope: Scope) -> tuple[str, list[Any]]:
    """The scope over an entry ``e`` by its person."""
    if scope.all:
        return "TRUE", []
    condition, params = customers.scope_sql(scope, "s.customer_id", each=True)
    return (
        f"(SELECT {condition} FROM {customers.SUBJECT_MAP} s WHERE s.subject_id = e.subject_id)",
        list(params),
    )


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def _count(
    what: str, kind: str, scoped: tuple[str, list[Any]], first: date, last: date, only: str = "TRUE"
) -> dict[date, tuple[int, ...]]:
    rows = foundation.fetch(
        f"SELECT e.day, {what} FROM {ENTRY} e WHERE e.kind = %s AND e.day BETWEEN %s AND %s AND {scoped[0]} AND {only}"
        " GROUP BY 1",
        [kind, first, last, *scoped[1]],
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def _plain(found: Mapping[date, tuple[int, ...]], first: date, last: date) -> dict[date, Pair]:
    return {day: (int(found.get(day, (0,))[0]), None) for day in _days(first, last)}


def _share(found: Mapping[date, tuple[int, ...]], first: date, last: date) -> dict[date, Pair]:
    pairs = {day: found.get(day, (0, 0)) for day in _days(first, last)}
    return {day: (int(pair[0]), int(pair[1])) for day, pair in pairs.items()}


def _sales(scope: Scope, first: date, last: date) -> dict[date, Pair]:
    rows = commerce.sales_by_day(first, last, scope=scope, known_buyers=True)
    return {row.day: (row.amount - row.refunded_amount, None) for row in rows}


def _new(scope: Scope, first: date, last: date) -> dict[date, Pair]:
    what = "count(DISTINCT e.subject_id)"
    return _plain(
        _count(what, rules.FRIEND_ADDED, employee_scope(scope), first, last, FIRST_TIME), first, last
    )


def _lost(scope: Scope, first: date, last: date) -> dict[date, Pair]:
    what = "count(DISTINCT e.subject_id)"
    return _plain(_count(what, rules.FRIEND_LOST, employee_scope(scope), first, last), first, last)


def _tasks(scope: Scope, first: date, last: date) -> dict[date, Pair]:
    what = f"count(*) FILTER (WHERE {DONE_IN_TIME}), count(*)"
    return _share(_count(what, rules.TASK_DUE, employee_scope(scope), first, last), first, last)


def _welcomes(scope: Scope, first: date, last: date) -> dict[date, Pair]:
    what = f"count(*) FILTER (WHERE {WELCOMED}), count(*)"
    return _share(_count(what, rules.WELCOME_DUE, employee_scope(scope), first, last), first, last)


def _points(scope: Scope, first: date, last: date) -> dict[date, Pair]:
    what = "sum(e.amount)::bigint"
    return _plain(_count(what, rules.POINTS_GRANTED, customer_scope(scope), first, last), first, last)


def _repurchase(scope: Scope, first: date, last: date) -> dict[date, Pair]:
    found = commerce.repurchase_by_day(first, last, REPURCHASE_DAYS, scope=scope)
    return {day: found[day] for day in _days(first, last)}


def _none(scope: Scope, first: date, last: date) -> dict[date, Pair]:
    return dict.fromkeys(_days(first, last), (0, 0))


_COUNTERS: dict[str, Callable[[Scope, date, date], dict[date, Pair]]] = {
    "sales": _sales,
    "new_customers": _new,
    "lost_customers": _lost,
    "task_completion": _tasks,
    "repurchase_30d": _repurchase,
    "first_response": _none,
    "welcome_delivered": _welcomes,
    "points_granted": _points,
}
