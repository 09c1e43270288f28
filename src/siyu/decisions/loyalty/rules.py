"""Pure rules of loyalty."""

from __future__ import annotations


def points_for(paid: int, refunded: int, fen_per_point: int) -> int:
    """Points an order is worth: floor((paid − refunded) / fen_per_point), amounts in 分.

    Rounding once over what is left, not per refund: after any refunds in any order the customer has
    exactly what a single order of the remaining amount would have earned.
    """
    return max(paid - refunded, 0) // fen_per_point
