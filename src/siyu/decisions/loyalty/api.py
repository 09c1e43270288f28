"""Front door of loyalty."""

from siyu.decisions.loyalty.contracts import EARN, TAKE_BACK, PointsRule
from siyu.decisions.loyalty.queries import points_rule

__all__ = ["EARN", "TAKE_BACK", "PointsRule", "points_rule"]
