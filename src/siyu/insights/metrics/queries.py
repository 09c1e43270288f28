"""Values and series of metrics, each with its definition, numerator and denominator."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.insights.metrics import counting, keeping, rules
from siyu.insights.metrics.contracts import MetricDefinition, MetricValue, Status
from siyu.insights.metrics.definitions import DEFINITIONS, TODAY
from siyu.kit.errors import BadInput, NotFound
from siyu.records.staff.contracts import Scope

MAX_DAYS = 366
# Numbers that need a carrier nobody can connect yet: they read 未开通, never 0.
NOT_ENABLED = frozenset({"first_response"})


def definition_of(key: str) -> MetricDefinition:
    """The definition of a metric; NotFound for an unknown key."""
    if key not in DEFINITIONS:
        raise NotFound("metric_not_found", _("There is no such number."))
    return DEFINITIONS[key]


def metric(key: str, *, scope: Scope, day: date) -> MetricValue:
    """One metric of one day (in the brand's zone) in one scope; NotFound for an unknown key."""
    return series(key, scope=scope, until=day, days=1)[0]


def today(*, scope: Scope, at: datetime) -> list[MetricValue]:
    """The metrics of 今日 for the brand's day of ``at``, in the order of the page."""
    day = at.astimezone(foundation.brand_zone()).date()
    return [metric(key, scope=scope, day=day) for key in TODAY]


def series(key: str, *, scope: Scope, until: date, days: int = 30) -> list[MetricValue]:
    """One value per day, oldest first, ending with ``until``; at most 366 days."""
    definition = definition_of(key)
    if not 1 <= days <= MAX_DAYS:
        raise BadInput("metric_days", _("Choose between 1 and 366 days."))
    first = until - timedelta(days=days - 1)
    if key in NOT_ENABLED:
        note = _("No carrier is connected that could tell.")
        return [
            MetricValue(definition, first + timedelta(days=n), Status.NOT_ENABLED, None, 0, None, note)
            for n in range(days)
        ]
    kept = keeping.kept(key, scope, first, until)
    values = [_value(definition, day, *kept[day]) for day in sorted(kept)]
    if len(values) < days:
        rest = counting.by_day(key, scope, first + timedelta(days=len(values)), until)
        values += [_value(definition, day, pair) for day, pair in rest.items()]
    return values


def _value(
    definition: MetricDefinition, day: date, pair: counting.Pair, counted: datetime | None = None
) -> MetricValue:
    status, value = rules.value_of(definition, *pair)
    note = _("not enough data") if status is Status.NOT_ENOUGH else ""
    if counted is not None and not note:
        note = _("as of %(time)s") % {"time": f"{timezone.localtime(counted):%m-%d %H:%M}"}
    return MetricValue(definition, day, status, value, pair[0], pair[1], note)
