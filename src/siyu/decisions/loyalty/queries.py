"""The earning rule in force."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from siyu.decisions.loyalty.contracts import PointsRule
from siyu.decisions.loyalty.models import OrderPoints
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


def settled(order_ids: Iterable[int]) -> set[int]:
    """Those of these orders that were settled before, whether they earned anything or not."""
    return set(OrderPoints.objects.filter(order_id__in=list(order_ids)).values_list("order_id", flat=True))
