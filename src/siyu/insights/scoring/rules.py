"""Pure rules of scoring: RFM quintiles by fixed thresholds, and the life-cycle stage.

RFM after A. M. Hughes, "Strategic Database Marketing" (1994): buyers are ranked by recency, frequency and
monetary value and cut into five equal parts, 5 being the best. Ranking alone would part people with equal
values by chance; here the cut points are values (the smallest with at least 20, 40, 60, 80 % of buyers at or
below it), so equal values always get equal scores, and where many are equal a score may stay unused.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from siyu.insights.scoring.contracts import Stage, Windows

Value = TypeVar("Value", int, datetime)


def cut_points(values: Sequence[Value]) -> tuple[Value, ...]:
    """The four cut points of a non-empty list: element ceil(n·k/5) in ascending order, for k = 1…4.

    The same as PostgreSQL's ``percentile_disc`` over 0.2, 0.4, 0.6, 0.8.
    """
    ordered = sorted(values)
    return tuple(ordered[-(-len(ordered) * k // 5) - 1] for k in (1, 2, 3, 4))


def quintile(value: Value, cuts: Sequence[Value]) -> int:
    """1 to 5: one more than the number of cut points that lie below ``value``."""
    return 1 + bisect_left(cuts, value)


@dataclass(frozen=True)
class Standing:
    """A stage, since when by the rule, and when time alone will end it (None: never)."""

    stage: Stage
    since: datetime | None
    flips_at: datetime | None


def stage_of(
    orders: int,
    first_order_at: datetime | None,
    last_order_at: datetime | None,
    *,
    at: datetime,
    windows: Windows,
) -> Standing:
    """The stage at ``at`` as a function of orders alone.

    No order: prospect. First order less than ``new_days`` ago: new. Otherwise by the age of the last order:
    under ``active_days`` active, under ``at_risk_days`` at risk, under ``dormant_days`` dormant, else lost.
    "Active" counts as begun with the last order, or with the end of "new" where that is later.
    """
    if not orders or first_order_at is None or last_order_at is None:
        return Standing(Stage.PROSPECT, None, None)
    settled = first_order_at + timedelta(days=windows.new_days)
    if at < settled:
        return Standing(Stage.NEW, first_order_at, settled)
    ends = [
        (Stage.ACTIVE, last_order_at + timedelta(days=windows.active_days)),
        (Stage.AT_RISK, last_order_at + timedelta(days=windows.at_risk_days)),
        (Stage.DORMANT, last_order_at + timedelta(days=windows.dormant_days)),
    ]
    since = max(last_order_at, settled)
    for stage, end in ends:
        if at < end:
            return Standing(stage, since, end)
        since = max(end, settled)
    return Standing(Stage.LOST, since, None)


def is_increasing(windows: Windows) -> bool:
    """Whether each window is longer than the one before it."""
    days = (windows.new_days, windows.active_days, windows.at_risk_days, windows.dormant_days)
    return all(a < b for a, b in zip(days, days[1:], strict=False))
