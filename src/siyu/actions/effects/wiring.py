"""The effects this house has."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.kinds.message import MessageEffect
from siyu.actions.effects.kinds.points import KIND, PointsEffect
from siyu.actions.effects.kinds.tag import TagEffect
from siyu.actions.effects.kinds.task import TaskEffect
from siyu.actions.effects.registry import EFFECTS
from siyu.records.ledger import api as ledger


def wire() -> None:
    """Register the effects, and the name of their transfers."""
    for effect in (
        MessageEffect(),
        TaskEffect(),
        TagEffect("tag", _("Put a tag on"), remove=False),
        TagEffect("untag", _("Take a tag off"), remove=True),
        PointsEffect(),
    ):
        EFFECTS.register(effect.name, effect)
    ledger.LABELS.register(KIND, _("Gift"))
