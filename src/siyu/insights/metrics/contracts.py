"""What crosses the door of insights/metrics: definitions, values, series, rows, things that need somebody."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from siyu.facts.api import FactType


class Unit(StrEnum):
    """What a value counts. SHARE is numerator / denominator; DURATION is in seconds."""

    COUNT = "count"
    MONEY = "money"
    SHARE = "share"
    DURATION = "duration"
    POINTS = "points"


class Status(StrEnum):
    """Whether there is a value: OK, a zero denominator, or no carrier switched on (未开通)."""

    OK = "ok"
    NOT_ENOUGH = "not_enough"
    NOT_ENABLED = "not_enabled"


@dataclass(frozen=True)
class MetricDefinition:
    """What a number means; ``rows`` names the kind of rows behind it (orders, customers, facts)."""

    key: str
    label: object
    unit: Unit
    text: object
    numerator: object
    denominator: object | None
    rows: str
    higher_is_better: bool = True


@dataclass(frozen=True)
class MetricValue:
    """One number of one day in one scope. ``value`` is None unless ``status`` is OK."""

    definition: MetricDefinition
    day: date
    status: Status
    value: float | None
    numerator: int
    denominator: int | None
    note: object = ""

    @property
    def key(self) -> str:
        """The metric's key."""
        return self.definition.key


@dataclass(frozen=True)
class MetricRow:
    """One row behind a number: what it is, whom it concerns, and how much it adds."""

    kind: str
    id: int
    happened_at: datetime
    customer_id: int | None
    title: str
    amount: int


@dataclass(frozen=True)
class Attention:
    """Something that needs somebody: how many, and the name of the page that deals with it."""

    key: str
    label: object
    count: int
    link: str
    severity: str


FACTS: tuple[FactType, ...] = ()
