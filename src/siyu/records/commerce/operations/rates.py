"""The share of orders with a known buyer, counted by a job where a page would wait for it."""

from __future__ import annotations

from datetime import datetime

from siyu.foundation import api as foundation
from siyu.records.commerce.queries.figures import MATCH_RATES

MANY = 200_000


def keep_match_rates(*, at: datetime) -> int:
    """Count the orders of each source anew where there are many; returns how many sources are kept.

    With fewer orders nothing is kept, and whoever looks counts.
    """
    [(found,)] = foundation.fetch(
        "SELECT count(*) FROM (SELECT FROM records_commerce_order LIMIT %s) n", [MANY + 1]
    )
    # Counted before anything is locked: the reader of the page never waits.
    counted = foundation.fetch(MATCH_RATES) if found > MANY else []
    with foundation.transaction():
        foundation.execute("DELETE FROM records_commerce_matchrate")
        for source, orders, matched in counted:
            foundation.execute(
                """INSERT INTO records_commerce_matchrate (source, orders, matched, counted_at) VALUES (%s, %s, %s, %s)
                   ON CONFLICT (source) DO UPDATE
                   SET orders = excluded.orders, matched = excluded.matched, counted_at = excluded.counted_at""",
                [source, orders, matched, at],
            )
    return len(counted)
