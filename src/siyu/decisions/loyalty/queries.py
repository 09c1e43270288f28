"""The earning rule in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.decisions.loyalty.contracts import PointsRule
from siyu.decisions.loyalty.settings import FEN_PER_POINT
from siyu.foundation import api as foundation


def points_rule(at: datetime) -> PointsRule:
    """The rule for orders paid at ``at``; later changes of the setting do not touch them."""
    return PointsRule(fen_per_point=foundation.get_setting(FEN_PER_POINT, at=at))


def points_rules(moments: Sequence[datetime]) -> list[PointsRule]:
    """The rule for each moment, in order; asks once where nothing changed between first and last."""
    if not moments:
        return []
    first, last = min(moments), max(moments)
    (view,) = [view for view in foundation.list_settings(at=last) if view.type.key == FEN_PER_POINT]
    if view.since is None or view.since <= first:
        return [PointsRule(view.value)] * len(moments)
    return [points_rule(moment) for moment in moments]
