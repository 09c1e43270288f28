"""Figures over orders: of customers, of days, of sources. Amounts in 分."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from siyu.foundation import api as foundation
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
    zone = foundation.brand_zone()
    start, end = _bounds(first_day, last_day, zone)
    where, params = _scope_sql(scope)
    if known_buyers:
        where += " AND o.customer_id IS NOT NULL"
    paid = foundation.fetch(
        f"SELECT (paid_at AT TIME ZONE %s)::date, count(*), sum(amount)::bigint "
        f"FROM records_commerce_order o WHERE paid_at >= %s AND paid_at < %s AND {where} GROUP BY 1",
        [zone.key, start, end, *params],
    )
    back = foundation.fetch(
        f"SELECT (r.refunded_at AT TIME ZONE %s)::date, sum(r.amount)::bigint FROM records_commerce_refund r "
        f"JOIN records_commerce_order o ON o.id = r.order_id "
        f"WHERE r.state = 'applied' AND r.refunded_at >= %s AND r.refunded_at < %s AND {where} GROUP BY 1",
        [zone.key, start, end, *params],
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
        )
        for day in days
    ]


# Each buyer's days of buying, each with the days on which it is the latest one within the window: these spans do
# not overlap, so a day's buyers are the spans that cover it, and one reading of the orders serves any number of days.
_REPURCHASE = """
WITH bought AS (
    SELECT o.customer_id, (o.paid_at AT TIME ZONE %(zone)s)::date AS day, count(*) AS number, max(o.paid_at) AS at, max(o.id) AS id
    FROM records_commerce_order o
    WHERE o.customer_id IS NOT NULL AND o.paid_at >= %(start)s AND o.paid_at < %(end)s
        AND NOT (o.refunded_amount > 0 AND o.refunded_amount = o.amount) AND {where}
    GROUP BY 1, 2
), chained AS (
    SELECT *, lag(day) OVER theirs AS before, lead(day) OVER theirs AS after FROM bought
    WINDOW theirs AS (PARTITION BY customer_id ORDER BY day)
), spans AS (
    SELECT greatest(day, %(first)s) AS day, least(coalesce(after - 1, %(last)s), day + %(days)s - 1, %(last)s) AS until,
        (number > 1 OR before IS NOT NULL OR EXISTS (
            SELECT FROM records_commerce_order e WHERE e.customer_id = c.customer_id AND (e.paid_at, e.id) < (c.at, c.id)
            AND NOT (e.refunded_amount > 0 AND e.refunded_amount = e.amount)))::int AS again
    FROM chained c WHERE least(coalesce(after - 1, %(last)s), day + %(days)s - 1) >= %(first)s
)
SELECT day, sum(again)::bigint, sum(one)::bigint FROM (
    SELECT day, again, 1 AS one FROM spans UNION ALL SELECT until + 1, -again, -1 FROM spans
) turns GROUP BY 1
"""


def repurchase_by_day(
    first_day: date, last_day: date, window: int, *, scope: staff.Scope
) -> dict[date, tuple[int, int]]:
    """(buyers who bought before, all known buyers) of the ``window`` days up to each day.

    "Before" is any earlier order of the same customer in the records, fully refunded ones left out on
    both sides. Orders that wait to be claimed have no known buyer and do not count.
    """
    zone = foundation.brand_zone()
    start, end = _bounds(first_day - timedelta(days=window - 1), last_day, zone)
    where, params = _scope_sql(scope)
    units, people = params or ([], [])
    turns = {
        row[0]: row[1:]
        for row in foundation.fetch(
            _REPURCHASE.format(where=where.replace("%s", "%(units)s", 1).replace("%s", "%(people)s", 1)),
            {
                "zone": zone.key, "start": start, "end": end, "first": first_day, "last": last_day,
                "days": window, "units": units, "people": people,
            },
        )
    }  # fmt: skip
    again = buyers = 0
    found = {}
    for number in range((last_day - first_day).days + 1):
        day = first_day + timedelta(days=number)
        more = turns.get(day, (0, 0))
        again, buyers = again + int(more[0]), buyers + int(more[1])
        found[day] = (again, buyers)
    return found


def repurchase(last_day: date, window: int, *, scope: staff.Scope) -> tuple[int, int]:
    """``repurchase_by_day`` of one day."""
    return repurchase_by_day(last_day, last_day, window, scope=scope)[last_day]


def many_orders(first_day: date, last_day: date, limit: int) -> bool:
    """Whether more than ``limit`` orders were paid in these days; looks at no more than that."""
    [(found,)] = foundation.fetch(
        "SELECT count(*) FROM (SELECT FROM records_commerce_order WHERE paid_at >= %s AND paid_at < %s LIMIT %s) n",
        [*_bounds(first_day, last_day, foundation.brand_zone()), limit + 1],
    )
    return bool(found > limit)


MATCH_RATES = "SELECT source, count(*), count(customer_id) FROM records_commerce_order GROUP BY source"


def match_rates() -> list[SourceMatch]:
    """Per source: all orders and those with a known buyer; of a large brand as of the last counting."""
    rows = foundation.fetch(
        "SELECT source, orders, matched, counted_at FROM records_commerce_matchrate ORDER BY source"
    ) or foundation.fetch(f"{MATCH_RATES} ORDER BY source")
    return [SourceMatch(*row) for row in rows]


def _bounds(first_day: date, last_day: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    return (
        datetime.combine(first_day, time(), zone),
        datetime.combine(last_day + timedelta(days=1), time(), zone),
    )


def _scope_sql(scope: staff.Scope) -> tuple[str, list[list[int]]]:
    if scope.all:
        return "true", []
    return "(o.unit_id = ANY(%s) OR o.employee_id = ANY(%s))", [
        list(scope.unit_ids),
        list(scope.employee_ids),
    ]
