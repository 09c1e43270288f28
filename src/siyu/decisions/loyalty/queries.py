"""The earning rule in force."""

from __future__ import annotations

from datetime import datetime

from siyu.decisions.loyalty.contracts import PointsRule
from siyu.decisions.loyalty.settings import FEN_PER_POINT
from siyu.foundation import api as foundation


def points_rule(at: datetime) -> PointsRule:
    """The rule for orders paid at ``at``; later changes of the setting do not touch them."""
    return PointsRule(fen_per_point=foundation.get_setting(FEN_PER_POINT, at=at))
