"""Move everybody who is due, as far as they can go now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.decisions.journeys.contracts import Advanced
from siyu.decisions.journeys.models import Enrolment, JourneyVersion
from siyu.decisions.journeys.operations.engine import flow
from siyu.decisions.journeys.operations.engine.acting import act
from siyu.decisions.journeys.operations.engine.run import Batch, groups
from siyu.decisions.journeys.operations.engine.store import write
from siyu.decisions.journeys.operations.leave import forget
from siyu.decisions.journeys.rules.definition import load_definition
from siyu.decisions.journeys.settings import HOLDOUT_PERCENT
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers

FLOW = {"wait": flow.wait, "wait_for": flow.wait_for, "branch": flow.branch, "end": flow.end}
RUNNING = "journey_id IN (SELECT j.id FROM decisions_journeys_journey j WHERE j.state = 'running')"


def advance(*, at: datetime, limit: int = 1000, only: Sequence[int] | None = None) -> Advanced:
    """Take up to ``limit`` people who are due through their steps; call inside a transaction.

    Everybody goes on until they must wait or are through; effects, step runs and the next place are
    one transaction, so a process that dies has taken either all of these steps or none. Rows are held
    by lock alone (SKIP LOCKED): several workers may advance at once. ``only`` narrows to enrolment
    ids (people who have just come in).
    """
    where, params = RUNNING, list[object]()
    if only is not None:
        where, params = f"{RUNNING} AND id = ANY(%s)", [list(only)]
    rows = foundation.claim_due(Enrolment, at=at, limit=limit, states=("active",), where=where, params=params)
    if gone := customers.erased_among(row.customer_id for row in rows):
        forget(sorted(gone), at=at)  # erased, and not heard of yet
        rows = [row for row in rows if row.customer_id not in gone]
    if not rows:
        return Advanced()
    found = JourneyVersion.objects.select_related("journey")
    versions = found.in_bulk({row.version_id for row in rows})
    batch = Batch(
        at=at,
        zone=foundation.brand_zone(),
        holdout_ppm=int(foundation.get_setting(HOLDOUT_PERCENT, at=at)) * 10_000,
        definitions={key: load_definition(version.definition) for key, version in versions.items()},
        names={version.journey_id: version.journey.name for version in versions.values()},
        rows=rows,
        live=list(rows),
    )
    while batch.live:
        for _version, step, people in groups(batch):
            FLOW.get(step.type, act)(batch, step, people)
    write(batch)
    return Advanced(len(rows), len(batch.taken), len(batch.ended), len(batch.failed))
