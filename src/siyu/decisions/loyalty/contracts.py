"""What crosses the door of loyalty."""

from __future__ import annotations

from dataclasses import dataclass

EARN = "points.order"
TAKE_BACK = "points.refund"


@dataclass(frozen=True, slots=True)
class PointsRule:
    """One point for each full ``fen_per_point`` 分 of what is left of a paid order after refunds."""

    fen_per_point: int
