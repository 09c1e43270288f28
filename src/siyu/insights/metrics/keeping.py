"""Numbers that walk over a month of orders, kept by day where that month is long.

A small brand's are counted when somebody looks. Where a month has more than ``LONG`` orders, a job counts
them every few minutes for everybody, and the page says when.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from siyu.foundation import api as foundation
from siyu.insights.metrics import counting
from siyu.records.commerce import api as commerce
from siyu.records.staff.contracts import EVERYTHING, Scope

KEY = "repurchase_30d"
LONG = 20_000
DAYS = 61
TABLE = "insights_metrics_kept"


def keep(*, at: datetime) -> int:
    """Count the last two months of days anew, tomorrow too; returns how many days are kept."""
    today = at.astimezone(foundation.brand_zone()).date()
    first, last = today - timedelta(days=DAYS - 1), today + timedelta(days=1)
    window = counting.REPURCHASE_DAYS
    if not commerce.many_orders(today - timedelta(days=window - 1), today, LONG):
        foundation.execute(f"DELETE FROM {TABLE} WHERE key = %s", [KEY])
        return 0
    found = commerce.repurchase_by_day(first, last, window, scope=EVERYTHING)
    with foundation.transaction():
        foundation.execute(f"DELETE FROM {TABLE} WHERE key = %s", [KEY])
        foundation.execute(
            f"""INSERT INTO {TABLE} (key, day, numerator, denominator, counted_at)
                SELECT %s, n.day, n.numerator, n.denominator, %s
                FROM unnest(%s::date[], %s::bigint[], %s::bigint[]) AS n(day, numerator, denominator)""",
            [
                KEY,
                at,
                foundation.array(day.isoformat() for day in found),
                foundation.array(pair[0] for pair in found.values()),
                foundation.array(pair[1] for pair in found.values()),
            ],
        )
    return len(found)


def kept(key: str, scope: Scope, first: date, last: date) -> dict[date, tuple[counting.Pair, datetime]]:
    """What is kept of these days for this reader, with the moment of counting; empty unless all of it is."""
    if key != KEY or not scope.all:
        return {}
    rows = foundation.fetch(
        f"SELECT day, numerator, denominator, counted_at FROM {TABLE} WHERE key = %s AND day BETWEEN %s AND %s",
        [key, first, last],
    )
    found = {day: ((numerator, denominator), at) for day, numerator, denominator, at in rows}
    return found if len(found) == (last - first).days + 1 else {}
