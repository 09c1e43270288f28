"""Journeys, versions, people and their steps for pages."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from siyu.actions.effects import api as effects
from siyu.decisions.journeys.contracts import (
    EnrolmentState,
    EnrolmentView,
    JourneyState,
    JourneyView,
    SkipReason,
    SkipView,
    StepOutcome,
    StepRunView,
    StepTypeView,
    VersionView,
)
from siyu.decisions.journeys.fields import FLOW_FIELDS
from siyu.decisions.journeys.models import Enrolment, Journey, JourneyVersion, Skip, StepRun
from siyu.decisions.journeys.queries.counts import people_counts, skip_counts, step_counts
from siyu.decisions.journeys.rules.definition import load_definition
from siyu.decisions.journeys.texts import FLOW_LABELS, SKIP_LABELS
from siyu.kit.errors import NotFound
from siyu.kit.pagination import Page
from siyu.records.customers import api as customers
from siyu.records.staff.api import EVERYTHING, Scope


def journeys(*, archived: bool = False) -> list[JourneyView]:
    """All journeys with their counts, newest change first."""
    rows = Journey.objects.order_by("-updated_at", "-pk")
    if not archived:
        rows = rows.exclude(state=JourneyState.ARCHIVED.value)
    return _views(list(rows))


def get_journey(journey_id: int) -> JourneyView:
    """One journey; NotFound when there is none."""
    row = Journey.objects.filter(pk=journey_id).first()
    if row is None:
        raise NotFound("journey.not_found")
    return _views([row])[0]


def journey_id_of(key: str) -> int | None:
    """The journey of that key, None when there is none."""
    return Journey.objects.filter(key=key).values_list("pk", flat=True).first()


def _views(rows: Sequence[Journey]) -> list[JourneyView]:
    ids = [row.pk for row in rows]
    people, skipped = people_counts(ids), skip_counts(ids)
    drafts = dict(
        JourneyVersion.objects.filter(journey_id__in=ids, published_at__isnull=True).values_list(
            "journey_id", "number"
        )
    )
    views = []
    for row in rows:
        counts = people.get(row.pk, {})
        views.append(
            JourneyView(
                id=row.pk,
                key=row.key,
                name=row.name,
                state=JourneyState(row.state),
                live_version=row.live_version,
                draft_version=drafts.get(row.pk),
                entered=counts.get("entered", 0),
                active=counts.get("active", 0),
                errors=counts.get("error", 0),
                ended=counts.get("ended", 0),
                holdout=counts.get("holdout", 0),
                skipped=skipped.get(row.pk, 0),
                updated_at=row.updated_at,
            )
        )
    return views


def versions(journey_id: int) -> list[VersionView]:
    """Every version with people per step, newest first."""
    return [_version(row) for row in JourneyVersion.objects.filter(journey_id=journey_id).order_by("-number")]


def get_version(journey_id: int, number: int | None = None) -> VersionView:
    """One version; without a number the live one, else the draft. NotFound when there is none."""
    rows = JourneyVersion.objects.filter(journey_id=journey_id).order_by("number")
    if number is not None:
        row = rows.filter(number=number).first()
    else:
        row = rows.filter(published_at__isnull=False).last() or rows.last()
    if row is None:
        raise NotFound("journey.not_found")
    return _version(row)


def _version(row: JourneyVersion) -> VersionView:
    definition = load_definition(row.definition)
    return VersionView(
        journey_id=row.journey_id,
        number=row.number,
        published_at=row.published_at,
        definition=row.definition,
        steps=step_counts(row.pk, definition),
    )


def enrolments(
    scope: Scope,
    *,
    journey_id: int | None = None,
    customer_id: int | None = None,
    step_id: str = "",
    state: EnrolmentState | None = None,
    number: int = 1,
    size: int = 50,
) -> Page[EnrolmentView]:
    """Runs of customers in scope, latest first."""
    rows = Enrolment.objects.select_related("journey", "version")
    for name, value in (
        ("journey_id", journey_id),
        ("customer_id", customer_id),
        ("step_id", step_id or None),
        ("state", state.value if state else None),
    ):
        if value is not None:
            rows = rows.filter(**{name: value})
    rows = _scoped(rows, scope)
    chosen = rows.order_by("-entered_at", "-pk")[(number - 1) * size : number * size]
    return Page([_enrolment(row) for row in chosen], rows.count(), number, size)


def _scoped(rows: QuerySet[Enrolment], scope: Scope) -> QuerySet[Enrolment]:
    if scope.all:
        return rows
    condition, params = customers.scope_sql(scope, "decisions_journeys_enrolment.customer_id")
    return rows.extra(where=[condition], params=params)


def _enrolment(row: Enrolment) -> EnrolmentView:
    steps = {step["id"]: step.get("label") or step["id"] for step in row.version.definition["steps"]}
    return EnrolmentView(
        id=row.pk,
        journey_id=row.journey_id,
        journey_name=row.journey.name,
        version=row.version.number,
        customer_id=row.customer_id,
        state=EnrolmentState(row.state),
        step_id=row.step_id,
        step_label=steps.get(row.step_id, row.step_id),
        due_at=row.due_at,
        entered_at=row.entered_at,
        ended_at=row.ended_at,
        end_reason=row.end_reason,
        holdout=row.holdout,
        error=row.error,
    )


def get_enrolment(enrolment_id: int, *, scope: Scope) -> EnrolmentView:
    """One run; NotFound when there is none or its customer lies outside the scope."""
    rows = _scoped(Enrolment.objects.select_related("journey", "version"), scope)
    row = rows.filter(pk=enrolment_id).first()
    if row is None:
        raise NotFound("enrolment.not_found")
    return _enrolment(row)


def steps_taken(enrolment_id: int, *, scope: Scope = EVERYTHING) -> list[StepRunView]:
    """The steps one run took, in order; NotFound when the run is out of scope."""
    get_enrolment(enrolment_id, scope=scope)
    rows = StepRun.objects.filter(enrolment_id=enrolment_id).select_related("version").order_by("visit")
    return [
        StepRunView(
            step_id=row.step_id,
            step_label=next(
                (
                    each.get("label") or row.step_id
                    for each in row.version.definition["steps"]
                    if each["id"] == row.step_id
                ),
                row.step_id,
            ),
            visit=row.visit,
            outcome=StepOutcome(row.outcome),
            ref=row.ref,
            reason=str(effects.skip_text(row.reason)),
            at=row.at,
        )
        for row in rows
    ]


def skips(journey_id: int, *, scope: Scope, number: int = 1, size: int = 50) -> Page[SkipView]:
    """Who did not enter although their fact fitted, and why; latest first."""
    rows = Skip.objects.filter(journey_id=journey_id)
    if not scope.all:
        condition, params = customers.scope_sql(scope, "decisions_journeys_skip.customer_id")
        rows = rows.extra(where=[condition], params=params)
    chosen = rows.order_by("-at", "-pk")[(number - 1) * size : number * size]
    views = [
        SkipView(
            customer_id=row.customer_id,
            subject_id=row.subject_id,
            fact_id=row.fact_id,
            reason=SkipReason(row.reason),
            label=SKIP_LABELS[SkipReason(row.reason)],
            at=row.at,
        )
        for row in chosen
    ]
    return Page(views, rows.count(), number, size)


def step_types() -> list[StepTypeView]:
    """Every kind of step the editor offers: those that lead, then every registered effect."""
    flow = [StepTypeView(name, label, FLOW_FIELDS[name], False) for name, label in FLOW_LABELS.items()]
    acting = [
        StepTypeView(name, effect.label, effect.fields, True) for name, effect in effects.EFFECTS.items()
    ]
    return flow + acting
