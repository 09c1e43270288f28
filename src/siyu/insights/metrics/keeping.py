"""Numbers that walk over a month of orders or friends, kept by day where that month is long.

A small brand's are counted when somebody looks. Where a month has more than ``LONG`` orders, a job counts
them every few minutes for the whole brand, and the page says when. Today's sales and new customers are
counted for every page all the same: one day is cheap.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from siyu.foundation import api as foundation
from siyu.insights.metrics import counting
from siyu.records.commerce import api as commerce
from siyu.records.staff.contracts import EVERYTHING, Scope

# key → how many days after today are kept: repurchase for tomorrow too, the others up to yesterday
KEPT = {"repurchase_30d": 1, "sales": -1, "new_customers": -1}
LONG = 20_000
DAYS = 61
TABLE = "insights_metrics_kept"
Kept = dict[date, tuple[counting.Pair, datetime]]


def keep(*, at: datetime) -> int:
    """Count the last two months of days anew; returns how many numbers are kept."""
    today = at.astimezone(foundation.brand_zone()).date()
    month = today - timedelta(days=counting.REPURCHASE_DAYS - 1)
    if not commerce.many_orders(month, today, LONG):
        foundation.execute(f"DELETE FROM {TABLE}")
        return 0
    first = today - timedelta(days=DAYS - 1)
    found = [
        (key, day, pair)
        for key, further in KEPT.items()
        for day, pair in counting.by_day(key, EVERYTHING, first, today + timedelta(days=further)).items()
    ]
    with foundation.transaction():
        foundation.execute(f"DELETE FROM {TABLE}")
        foundation.execute(
            f"""INSERT INTO {TABLE} (key, day, numerator, denominator, counted_at)
                SELECT n.key, n.day, n.numerator, n.denominator, %s
                FROM unnest(%s::text[], %s::date[], %s::bigint[], %s::bigint[]) AS n(key, day, numerator, denominator)""",
            [
                at,
                foundation.array(key for key, _day, _pair in found),
                foundation.array(day.isoformat() for _key, day, _pair in found),
                foundation.array(pair[0] for _key, _day, pair in found),
                foundation.array(pair[1] for _key, _day, pair in found),
            ],
        )
    return len(found)


def kept(key: str, scope: Scope, first: date, last: date) -> Kept:
    """What is kept of these days for this reader, with the moment of counting; without gaps from ``first`` on."""
    if key not in KEPT or not scope.all:
        return {}
    rows = foundation.fetch(
        f"SELECT day, numerator, denominator, counted_at FROM {TABLE} WHERE key = %s AND day BETWEEN %s AND %s ORDER BY day",
        [key, first, last],
    )
    found: Kept = {}
    for number, (day, numerator, denominator, at) in enumerate(rows):
        if day != first + timedelta(days=number):
            break
        found[day] = ((numerator, denominator), at)
    return found
