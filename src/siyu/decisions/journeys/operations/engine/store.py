"""Write what an ``advance`` did: step runs, people, facts; three statements however many people."""

from __future__ import annotations

from siyu.decisions.journeys.contracts import EndReason, StepTaken
from siyu.decisions.journeys.operations.engine.run import Batch, Taken
from siyu.decisions.journeys.operations.leave import SOURCE, ended_fact
from siyu.facts import api as facts
from siyu.foundation import api as foundation

# No ON CONFLICT: a second run of one visit would be a fault of the engine and must stop it.
_RUNS = """
INSERT INTO decisions_journeys_steprun (enrolment_id, version_id, step_id, visit, outcome, ref, reason, at)
SELECT r.*, %s FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::int[], %s::text[], %s::text[], %s::text[]) AS r
"""

_COLUMNS = {
    "state": "text",
    "step_id": "text",
    "visit": "int",
    "arrived": "boolean",
    "due_at": "timestamptz",
    "waiting_fact": "text",
    "waiting_since": "timestamptz",
    "waited_fact_id": "bigint",
    "holdout": "boolean",
    "error": "text",
    "ended_at": "timestamptz",
    "end_reason": "text",
}
_MOVE = (
    f"UPDATE decisions_journeys_enrolment e SET {', '.join(f'{name} = v.{name}' for name in _COLUMNS)}"
    f" FROM unnest(%s::bigint[], {', '.join(f'%s::{kind}[]' for kind in _COLUMNS.values())})"
    f" AS v(id, {', '.join(_COLUMNS)}) WHERE e.id = v.id"
)

SILENT = ("wait", "wait_for")  # waiting is not told: it would double the log and say nothing


def write(batch: Batch) -> None:
    """Write everything of this batch in the caller's transaction."""
    taken = batch.taken
    if taken:
        foundation.execute(
            _RUNS,
            [
                batch.at,
                foundation.array(each.row.pk for each in taken),
                foundation.array(each.row.version_id for each in taken),
                foundation.array(each.step.id for each in taken),
                foundation.array(each.visit for each in taken),
                foundation.array(each.outcome.value for each in taken),
                foundation.array(each.ref for each in taken),
                foundation.array(each.reason for each in taken),
            ],
        )
    columns = [foundation.array(getattr(row, name) for row in batch.rows) for name in _COLUMNS]
    foundation.execute(_MOVE, [foundation.array(row.pk for row in batch.rows), *columns])
    news = [_step_fact(batch, each) for each in taken if each.step.type not in SILENT]
    news += [
        ended_fact(
            row.pk,
            row.journey_id,
            batch.names[row.journey_id],
            row.subject_id,
            EndReason.COMPLETED,
            batch.at,
            _cause(batch, row.entry_fact_id),
        )
        for row in batch.ended
    ]
    facts.record(news, at=batch.at)


def _cause(batch: Batch, fact_id: int | None) -> facts.Fact | None:
    return batch.causes.get(fact_id or 0)


def _step_fact(batch: Batch, taken: Taken) -> facts.NewFact:
    row = taken.row
    return facts.NewFact(
        name="journey.step_taken",
        payload=StepTaken(
            journey_id=row.journey_id,
            enrolment_id=row.pk,
            step_id=taken.step.id,
            type=taken.step.type,
            visit=taken.visit,
            outcome=taken.outcome.value,
            name=batch.names[row.journey_id],
            label=taken.step.label,
        ),
        occurred_at=batch.at,
        subject_id=row.subject_id,
        source=SOURCE,
        external_id=f"run:{row.pk}:{taken.visit}",
        cause=_cause(batch, row.entry_fact_id),
    )
