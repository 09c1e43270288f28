"""What crosses the door of insights/scoring: stages, thresholds, and the fact of a changed stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from siyu.facts.api import FactType


class Stage(StrEnum):
    """Life-cycle stage, from orders alone; the windows are settings (see README)."""

    PROSPECT = "prospect"
    NEW = "new"
    ACTIVE = "active"
    AT_RISK = "at_risk"
    DORMANT = "dormant"
    LOST = "lost"


STAGE_LABELS: dict[Stage, object] = {
    Stage.PROSPECT: pgettext_lazy("stage", "Not bought yet"),
    Stage.NEW: pgettext_lazy("stage", "New buyer"),
    Stage.ACTIVE: pgettext_lazy("stage", "Active"),
    Stage.AT_RISK: pgettext_lazy("stage", "At risk"),
    Stage.DORMANT: pgettext_lazy("stage", "Dormant"),
    Stage.LOST: pgettext_lazy("stage", "Lost"),
}


@dataclass(frozen=True)
class Windows:
    """Days that part the stages; each larger than the one before it."""

    new_days: int = 30
    active_days: int = 90
    at_risk_days: int = 180
    dormant_days: int = 365


@dataclass(frozen=True)
class Thresholds:
    """Four cut points per dimension, lowest first, from one snapshot of all buyers."""

    recency: tuple[datetime, ...]
    frequency: tuple[int, ...]
    monetary: tuple[int, ...]


@dataclass(frozen=True)
class SnapshotView:
    """The thresholds in force: when taken and over how many buyers. None thresholds: too few buyers."""

    id: int
    taken_at: datetime
    buyers: int
    thresholds: Thresholds | None


@dataclass(frozen=True)
class StageCounts:
    """Customers by stage; ``estimated`` from a sample."""

    counts: Mapping[Stage, int]
    estimated: bool


@dataclass(frozen=True)
class StageChanged:
    """Payload of stage.changed: the stage before ("" for a first one) and now."""

    previous: str
    stage: str


@dataclass(frozen=True)
class ScoringReport:
    """What a full scoring did."""

    customers: int
    changed: int
    seconds: float


FACTS: tuple[FactType, ...] = (
    FactType(
        name="stage.changed",
        version=1,
        owner="insights_scoring",
        payload=StageChanged,
        label=_("Life-cycle stage changed"),
    ),
)
