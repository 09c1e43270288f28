"""Values, series and rows of metrics; what needs somebody."""

from __future__ import annotations

from datetime import date, datetime

from siyu.insights.metrics.contracts import Attention, MetricRow, MetricValue
from siyu.kit.pagination import Page
from siyu.records.staff.contracts import Scope


def metric(key: str, *, scope: Scope, day: date) -> MetricValue:
    """One metric of one day (in the brand's zone) in one scope; NotFound for an unknown key."""
    raise NotImplementedError


def today(*, scope: Scope, at: datetime) -> list[MetricValue]:
    """The metrics of 今日 for the day of ``at``, in the order of the page."""
    raise NotImplementedError


def series(key: str, *, scope: Scope, until: date, days: int = 30) -> list[MetricValue]:
    """One value per day, oldest first, ending with ``until``."""
    raise NotImplementedError


def rows(key: str, *, scope: Scope, day: date, page: int = 1, size: int = 50) -> Page[MetricRow]:
    """The rows behind the numerator of one metric and day."""
    raise NotImplementedError


def attention(*, scope: Scope, at: datetime) -> list[Attention]:
    """What needs somebody now, most pressing first; items of count 0 are left out."""
    raise NotImplementedError
