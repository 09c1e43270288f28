"""Steps that do something: hold-out first, then the effect, failing people apart from the rest."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import OperationalError

from siyu.actions.effects import api as effects
from siyu.decisions.journeys.contracts import Step, StepOutcome
from siyu.decisions.journeys.models import Enrolment
from siyu.decisions.journeys.operations.engine.run import Batch
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import RetryLater, reason_of
from siyu.records.customers import api as customers
from siyu.records.goals import api as goals

log = logging.getLogger("siyu.journeys")

PACE, QUARTER = timedelta(days=7), timedelta(days=91)
LOOKED_AT = 5_000  # the newest runs; any audience of that size is large enough

OUTCOMES = {
    effects.EffectStatus.DONE: StepOutcome.DONE,
    effects.EffectStatus.SKIPPED: StepOutcome.SKIPPED,
}


def holdout_key(journey_id: int) -> str:
    """The hold-out of a whole journey: the same people are left out at each of its promotional steps."""
    return f"journey:{journey_id}"


def act(batch: Batch, step: Step, rows: Sequence[Enrolment]) -> None:
    """Apply the step's effect to all but the control group."""
    treated = list(rows)
    if step.holdout and rows:
        treated = _hold_out(batch, step, rows)
    _load(batch)
    _apply(batch, step, treated)


def _expected(journey_id: int, at: datetime) -> int:
    """How many people a result of this journey will rest on: who came in so far, or comes in a quarter at this pace.

    Promotional steps lie days behind the entrance and people trickle in. Counting only those who got that far
    would treat the first thousand of every journey without a control group, however large it is to become.
    """
    ((known, lately),) = foundation.fetch(
        """SELECT count(*), count(*) FILTER (WHERE entered_at > %s) FROM (
             SELECT entered_at FROM decisions_journeys_enrolment WHERE journey_id = %s AND entered_at <= %s
             ORDER BY entered_at DESC LIMIT %s) e""",
        [at - PACE, journey_id, at, LOOKED_AT],
    )
    return max(int(known), int(lately) * (QUARTER // PACE))


def _hold_out(batch: Batch, step: Step, rows: Sequence[Enrolment]) -> list[Enrolment]:
    arms = goals.assign_holdout(
        holdout_key(rows[0].journey_id),
        [row.customer_id for row in rows],
        batch.holdout_ppm,
        at=batch.at,
        audience=_expected(rows[0].journey_id, batch.at),
    )
    treated = []
    for row in rows:
        if arms[row.customer_id] is goals.Arm.HOLDOUT:
            row.holdout = True
            batch.move(row, step, StepOutcome.HOLDOUT, step.next)
        else:
            treated.append(row)
    return treated


def _load(batch: Batch) -> None:
    """Who serves whom, and the facts people came in by: once per batch."""
    if batch.employees is not None:
        return
    stewards = customers.stewards_of({row.customer_id for row in batch.rows})
    batch.employees = {customer_id: steward.employee_id for customer_id, steward in stewards.items()}
    ids = sorted({row.entry_fact_id for row in batch.rows if row.entry_fact_id is not None})
    batch.causes = {fact.id: fact for fact in facts.read(ids=ids, limit=len(ids))} if ids else {}


def _apply(batch: Batch, step: Step, rows: Sequence[Enrolment]) -> None:
    """One savepoint for all; where it fails, halves, until the failing people stand alone."""
    if not rows:
        return
    effect = effects.EFFECTS.get(step.type)
    items = [_item(batch, step, row) for row in rows]
    try:
        with foundation.savepoint():
            results = effect.apply(items, at=batch.at)
    except (OperationalError, RetryLater):
        raise  # passing trouble: everybody is tried again later
    except Exception as error:
        failed: Exception | None = error
    else:
        failed = None
    if failed is not None and len(rows) > 1:
        middle = len(rows) // 2
        _apply(batch, step, rows[:middle])
        _apply(batch, step, rows[middle:])
        return
    if failed is not None:
        log.error("step failed", extra={"enrolment": rows[0].pk, "step": step.id}, exc_info=failed)
        batch.fail(rows[0], reason_of(failed))
        return
    answers = {result.key: result for result in results}
    for row, item in zip(rows, items, strict=True):
        answer = answers[item.key]
        batch.move(row, step, OUTCOMES[answer.status], step.next, ref=answer.ref, reason=answer.reason)


def _item(batch: Batch, step: Step, row: Enrolment) -> effects.EffectItem:
    added_by = row.context.get("employee_id")
    fallback = added_by if isinstance(added_by, int) else None
    return effects.EffectItem(
        key=f"journey:{row.pk}:{row.visit}",
        customer_id=row.customer_id,
        subject_id=row.subject_id,
        employee_id=(batch.employees or {}).get(row.customer_id, fallback),
        params=step.params,
        context=row.context,
        purpose_key=f"journey:{row.journey_id}:{step.id}",
        holdout_key=holdout_key(row.journey_id) if step.holdout else "",
        began_at=row.began_at,
        owner_kind="journey",
        owner_id=row.journey_id,
        cause=batch.causes.get(row.entry_fact_id or 0),
    )
