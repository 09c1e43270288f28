"""Whose scores are not what the rules say now: found by one pass in the database, so that a night costs what changes.

The rules of ``rules.py`` a second time, as SQL. They only choose whom to look at; what is written is
computed by ``rules.py``. A test holds the two together.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.scoring.contracts import Thresholds, Windows

_BUYER = "c.orders > 0 AND c.first_order_at IS NOT NULL AND c.last_order_at IS NOT NULL"
_MARK = "(1 + {})::smallint"

# Ids in ascending order; each call walks on where the last one ended, so a pass reads every card once.
_STALE = """
SELECT c.customer_id
FROM {cards} c
CROSS JOIN (SELECT %(at)s::timestamptz AS now, interval '24 hours' AS day) t
CROSS JOIN LATERAL (SELECT {buyer} AS buyer, c.first_order_at + t.day * %(new)s AS settled,
  c.last_order_at + t.day * %(active)s AS active, c.last_order_at + t.day * %(at_risk)s AS at_risk,
  c.last_order_at + t.day * %(dormant)s AS dormant) w
CROSS JOIN LATERAL (SELECT CASE WHEN NOT w.buyer THEN 0 WHEN t.now < w.settled THEN 1 WHEN t.now < w.active THEN 2
  WHEN t.now < w.at_risk THEN 3 WHEN t.now < w.dormant THEN 4 ELSE 5 END AS step) s
LEFT JOIN {flips} f ON f.customer_id = c.customer_id
WHERE c.customer_id > %(after)s AND (
  c.stage <> (ARRAY['prospect', 'new', 'active', 'at_risk', 'dormant', 'lost'])[1 + s.step]
  OR c.stage_since IS DISTINCT FROM CASE s.step WHEN 1 THEN c.first_order_at
    WHEN 2 THEN greatest(c.last_order_at, w.settled) WHEN 3 THEN greatest(w.active, w.settled)
    WHEN 4 THEN greatest(w.at_risk, w.settled) WHEN 5 THEN greatest(w.dormant, w.settled) END
  OR f.due_at IS DISTINCT FROM CASE s.step WHEN 1 THEN w.settled WHEN 2 THEN w.active WHEN 3 THEN w.at_risk
    WHEN 4 THEN w.dormant END
  OR {marks})
ORDER BY c.customer_id LIMIT %(limit)s
"""
_SCORED = """c.r IS DISTINCT FROM CASE WHEN {scored} THEN {r} END OR c.f IS DISTINCT FROM CASE WHEN {scored} THEN {f} END
  OR c.m IS DISTINCT FROM CASE WHEN {scored} THEN {m} END"""


def stale_ids(
    thresholds: Thresholds | None, windows: Windows, flips: str, *, at: datetime, size: int
) -> Iterator[list[int]]:
    """Ids, ascending, ``size`` at a time, of all whose stage, scores or next flip differ from the rules at ``at``."""
    values: dict[str, Any] = {
        "at": at,
        "limit": size,
        "new": windows.new_days,
        "active": windows.active_days,
        "at_risk": windows.at_risk_days,
        "dormant": windows.dormant_days,
        "after": 0,
    }
    marks = "c.r IS NOT NULL OR c.f IS NOT NULL OR c.m IS NOT NULL"
    if thresholds is not None:
        marks = _SCORED.format(
            scored="c.orders > 0 AND c.last_order_at IS NOT NULL",
            r=_mark("c.last_order_at", "r", thresholds.recency, values),
            f=_mark("c.orders", "f", thresholds.frequency, values),
            m=_mark("c.net_total", "m", thresholds.monetary, values),
        )
    sql = _STALE.format(cards=cards.RELATION, buyer=_BUYER, flips=flips, marks=marks)
    while found := foundation.fetch(sql, values):
        values["after"] = found[-1][0]
        yield [row[0] for row in found]
        if len(found) < size:
            return


def _mark(column: str, name: str, cuts: tuple[Any, ...], values: dict[str, Any]) -> str:
    """One more than the number of cut points below the value."""
    below = []
    for number, cut in enumerate(cuts):
        values[f"{name}{number}"] = cut
        below.append(f"({column} > %({name}{number})s)::int")
    return _MARK.format(" + ".join(below))
