"""Counting people in journeys."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Count, Min, Q

from siyu.decisions.journeys.contracts import Definition, StepCounts, StepOutcome
from siyu.decisions.journeys.models import Enrolment, Skip, StepRun


def due_now(at: datetime) -> int:
    """How many people of running journeys are due for a step."""
    return Enrolment.objects.filter(state="active", due_at__lte=at, journey__state="running").count()


def anybody_due(at: datetime) -> bool:
    """Whether anybody in a running journey is due; one index probe for idle loops."""
    return Enrolment.objects.filter(state="active", due_at__lte=at, journey__state="running").exists()


def next_due() -> datetime | None:
    """The earliest business time at which somebody in a running journey is due."""
    waiting = Enrolment.objects.filter(state="active", journey__state="running")
    first: datetime | None = waiting.aggregate(first=Min("due_at"))["first"]
    return first


def step_counts(version_id: int, definition: Definition) -> tuple[StepCounts, ...]:
    """People at and through each step of one version."""
    standing = {
        row["step_id"]: (row["active"], row["errors"])
        for row in Enrolment.objects.filter(version_id=version_id)
        .values("step_id")
        .annotate(active=Count("pk", filter=Q(state="active")), errors=Count("pk", filter=Q(state="error")))
    }
    outcomes: dict[str, dict[StepOutcome, int]] = {}
    runs = StepRun.objects.filter(version_id=version_id).values_list("step_id", "outcome")
    for step_id, outcome, number in runs.annotate(number=Count("pk")).order_by("step_id", "outcome"):
        outcomes.setdefault(step_id, {})[StepOutcome(outcome)] = number
    return tuple(
        StepCounts(
            step_id=step.id,
            type=step.type,
            label=step.label,
            waiting=standing.get(step.id, (0, 0))[0],
            errors=standing.get(step.id, (0, 0))[1],
            passed=sum(outcomes.get(step.id, {}).values()),
            outcomes=outcomes.get(step.id, {}),
        )
        for step in definition.steps
    )


def people_counts(journey_ids: list[int]) -> dict[int, dict[str, int]]:
    """Per journey: entered, active, error, ended, holdout; entered = active + error + ended."""
    result: dict[int, dict[str, int]] = {}
    rows = Enrolment.objects.filter(journey_id__in=journey_ids).values_list("journey_id", "state", "holdout")
    for journey_id, state, held, number in rows.annotate(number=Count("pk")).order_by():
        counts = result.setdefault(
            journey_id, {"entered": 0, "active": 0, "error": 0, "ended": 0, "holdout": 0}
        )
        counts["entered"] += number
        counts[state] += number
        counts["holdout"] += number if held else 0
    return result


def skip_counts(journey_ids: list[int]) -> dict[int, int]:
    """Per journey: how many did not enter although their fact fitted."""
    rows = Skip.objects.filter(journey_id__in=journey_ids).values_list("journey_id")
    return dict(rows.annotate(number=Count("pk")).order_by())
