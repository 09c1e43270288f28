"""What crosses the door of goals: the arms of a hold-out and their counts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _


class Arm(StrEnum):
    """Where a customer stands in one hold-out."""

    TREATED = "treated"
    HOLDOUT = "holdout"
    NO_HOLDOUT = "no_holdout"


ARM_LABELS = {
    Arm.TREATED: _("Treated"),
    Arm.HOLDOUT: _("Hold-out"),
    Arm.NO_HOLDOUT: _("Sample too small, no hold-out"),
}


@dataclass(frozen=True)
class HoldoutCounts:
    """People per arm of one hold-out; ``enough`` is False where the audience was below the minimum."""

    scope_key: str
    treated: int
    holdout: int
    no_holdout: int

    @property
    def enough(self) -> bool:
        """Whether there is any hold-out to compare with."""
        return self.holdout > 0
