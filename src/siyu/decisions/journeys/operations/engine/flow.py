"""Steps that only lead: wait, wait for a fact, branch, end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from siyu.decisions.journeys.contracts import Case, Step, StepOutcome
from siyu.decisions.journeys.models import Enrolment
from siyu.decisions.journeys.operations.engine.run import Batch, by_id, person
from siyu.decisions.journeys.registry import PREDICATES
from siyu.decisions.journeys.rules.waiting import wait_over
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers

_CAME = f"""
SELECT w.run_id, min(f.id) FROM unnest(%s::bigint[], %s::bigint[], %s::timestamptz[]) AS w(run_id, subject_id, since)
JOIN {facts.LOG_VIEW} f ON f.subject_id = w.subject_id AND f.name = %s AND f.occurred_at >= w.since
WHERE f.occurred_at <= %s AND f.origin = 'live' AND f.payload @> %s::jsonb GROUP BY w.run_id
"""


def wait(batch: Batch, step: Step, rows: Sequence[Enrolment]) -> None:
    """Stand still until the moment the wait names, counted from arriving at it."""
    for row in rows:
        if row.arrived:
            batch.move(row, step, StepOutcome.WAITED, step.next)
            continue
        until = wait_over(step.params, since=batch.at, zone=batch.zone)
        batch.park(row, until)


def wait_for(batch: Batch, step: Step, rows: Sequence[Enrolment]) -> None:
    """Stand still until a fact of the person comes, at most as long as the step says."""
    late = []
    for row in rows:
        if not row.arrived:
            span = timedelta(days=step.params.get("days") or 0, hours=step.params.get("hours") or 0)
            row.waiting_fact, row.waiting_since = step.params["fact"], batch.at
            batch.park(row, batch.at + span)
        elif row.waited_fact_id is not None:
            batch.move(row, step, StepOutcome.WAITED, step.next, ref=f"fact:{row.waited_fact_id}")
        else:
            late.append(row)
    came = _came(batch, step, late)
    for row in late:
        if row.pk in came:
            batch.move(row, step, StepOutcome.WAITED, step.next, ref=f"fact:{came[row.pk]}")
        else:
            batch.move(row, step, StepOutcome.TIMED_OUT, step.otherwise)


def _came(batch: Batch, step: Step, rows: Sequence[Enrolment]) -> dict[int, int]:
    """Runs whose fact is in the log although nobody woke them (it was heard while the wait began)."""
    if not rows:
        return {}
    subjects = customers.subjects_of({row.customer_id for row in rows})
    asked = [
        (row.pk, subject_id, row.waiting_since)
        for row in rows
        for subject_id in {row.subject_id, *subjects.get(row.customer_id, [])}
    ]
    found = foundation.fetch(
        _CAME,
        [
            foundation.array(run_id for run_id, _subject, _since in asked),
            foundation.array(subject_id for _run, subject_id, _since in asked),
            foundation.array(since for _run, _subject, since in asked),
            step.params["fact"],
            batch.at,
            json.dumps(step.params.get("where") or {}),
        ],
    )
    return {int(run_id): int(fact_id) for run_id, fact_id in found}


def branch(batch: Batch, step: Step, rows: Sequence[Enrolment]) -> None:
    """Each person takes the first case all of whose conditions hold for them, as known now."""
    left = by_id(rows)
    for case in step.cases:
        for run_id in sorted(_holding(batch, case, list(left.values()))):
            batch.move(left.pop(run_id), step, StepOutcome.BRANCHED, case.next, ref=f"to:{case.next}")
    for row in left.values():
        batch.move(row, step, StepOutcome.BRANCHED, step.otherwise, ref=f"to:{step.otherwise or 'end'}")


def _holding(batch: Batch, case: Case, rows: Sequence[Enrolment]) -> set[int]:
    people = [person(row) for row in rows]
    for condition in case.when:
        if not people:
            break
        yes = PREDICATES.get(condition.kind).holds(people, condition.params, at=batch.at)
        people = [each for each in people if (each.enrolment_id in yes) is not condition.negate]
    return {each.enrolment_id for each in people}


def end(batch: Batch, step: Step, rows: Sequence[Enrolment]) -> None:
    """The way out."""
    for row in rows:
        batch.move(row, step, StepOutcome.ENDED, None)
