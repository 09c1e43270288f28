"""Figures over orders: of customers, of days, of sources. Amounts in 分."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from siyu.foundation import api as foundation
from siyu.kit.clock import BRAND_TZ
from siyu.records.commerce.contracts import CustomerTotals, DaySales, SourceMatch
from siyu.records.staff import api as staff


def customer_totals(
    customer_ids: Sequence[int] | None = None, *, until: datetime | None = None
) -> dict[int, CustomerTotals]:
    """Order figures by customer (all customers with None); customers without orders are absent.

    ``until`` leaves out orders paid at or after that moment; refunds always count in full.
    """
    rows = foundation.fetch(
        "SELECT customer_id, count(*), sum(amount)::bigint, sum(refunded_amount)::bigint, min(paid_at), max(paid_at) "
        "FROM records_commerce_order WHERE customer_id IS NOT NULL "
        "AND (%(all)s OR customer_id = ANY(%(ids)s)) AND (%(until)s::timestamptz IS NULL OR paid_at < %(until)s) "
        "GROUP BY customer_id",
        {"all": customer_ids is None, "ids": list(customer_ids or ()), "until": until},
    )
    return {row[0]: CustomerTotals(*row[1:]) for row in rows}


def subject_totals(subject_ids: Sequence[int]) -> dict[int, CustomerTotals]:
    """Order figures by the orders' subject; subjects without orders are absent.

    For readers that go through the subject map themselves: right at once after a merge or its undoing,
    while ``customer_totals`` follows when the orders have been moved.
    """
    rows = foundation.fetch(
        "SELECT subject_id, count(*), sum(amount)::bigint, sum(refunded_amount)::bigint, min(paid_at), max(paid_at) "
        "FROM records_commerce_order WHERE subject_id = ANY(%s) GROUP BY subject_id",
        [list(subject_ids)],
    )
    return {row[0]: CustomerTotals(*row[1:]) for row in rows}


def sales_by_day(
    first_day: date, last_day: date, *, scope: staff.Scope, known_buyers: bool = False
) -> list[DaySales]:
    """Sales of each of the brand's days, both ends included, days without sales as zeros.

    ``known_buyers`` leaves out orders that wait to be claimed, and refunds of such orders.
    """
    start, end = _bounds(first_day, last_day)
    where, params = _scope_sql(scope)
    if known_buyers:
        where += " AND o.customer_id IS NOT NULL"
    paid = foundation.fetch(
        f"SELECT (paid_at AT TIME ZONE %s)::date, count(*), sum(amount)::bigint, count(DISTINCT customer_id) "
        f"FROM records_commerce_order o WHERE paid_at >= %s AND paid_at < %s AND {where} GROUP BY 1",
        [BRAND_TZ.key, start, end, *params],
    )
    back = foundation.fetch(
        f"SELECT (r.refunded_at AT TIME ZONE %s)::date, sum(r.amount)::bigint FROM records_commerce_refund r "
        f"JOIN records_commerce_order o ON o.id = r.order_id "
        f"WHERE r.state = 'applied' AND r.refunded_at >= %s AND r.refunded_at < %s AND {where} GROUP BY 1",
        [BRAND_TZ.key, start, end, *params],
    )
    sold = {row[0]: row for row in paid}
    given_back = dict(back)
    days = [first_day + timedelta(days=n) for n in range((last_day - first_day).days + 1)]
    return [
        DaySales(
            day=day,
            orders=sold[day][1] if day in sold else 0,
            amount=sold[day][2] if day in sold else 0,
            refunded_amount=given_back.get(day, 0),
            buyers=sold[day][3] if day in sold else 0,
        )
        for day in days
    ]


def repurchase(last_day: date, days: int, *, scope: staff.Scope) -> tuple[int, int]:
    """(buyers who bought before, all known buyers) of the ``days`` days up to ``last_day``.

    "Before" is any earlier order of the same customer in the records, fully refunded ones left out on
    both sides. Orders that wait to be claimed have no known buyer and do not count.
    """
    start, end = _bounds(last_day - timedelta(days=days - 1), last_day)
    where, params = _scope_sql(scope)
    rows = foundation.fetch(
        f"""
        SELECT count(*) FILTER (WHERE f.again), count(*) FROM (
            SELECT o.customer_id, bool_or(EXISTS (
                SELECT FROM records_commerce_order e WHERE e.customer_id = o.customer_id
                AND (e.paid_at, e.id) < (o.paid_at, o.id)
                AND NOT (e.refunded_amount > 0 AND e.refunded_amount = e.amount))) AS again
            FROM records_commerce_order o
            WHERE o.customer_id IS NOT NULL AND o.paid_at >= %s AND o.paid_at < %s
                AND NOT (o.refunded_amount > 0 AND o.refunded_amount = o.amount) AND {where}
            GROUP BY 1) f
        """,
        [start, end, *params],
    )
    return int(rows[0][0]), int(rows[0][1])


def match_rates() -> list[SourceMatch]:
    """Per source: all orders and those with a known buyer."""
    rows = foundation.fetch(
        "SELECT source, count(*), count(customer_id) FROM records_commerce_order GROUP BY source ORDER BY source"
    )
    return [SourceMatch(*row) for row in rows]


def _bounds(first_day: date, last_day: date) -> tuple[datetime, datetime]:
    return (
        datetime.combine(first_day, time(), BRAND_TZ),
        datetime.combine(last_day + timedelta(days=1), time(), BRAND_TZ),
    )


def _scope_sql(scope: staff.Scope) -> tuple[str, list[list[int]]]:
    if scope.all:
        return "true", []
    return "(o.unit_id = ANY(%s) OR o.employee_id = ANY(%s))", [
        list(scope.unit_ids),
        list(scope.employee_ids),
    ]
