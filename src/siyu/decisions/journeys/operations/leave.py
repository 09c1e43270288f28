"""Runs that end before their last step."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.decisions.journeys.contracts import EndReason, JourneyEnded
from siyu.decisions.journeys.models import Enrolment
from siyu.facts import api as facts
from siyu.foundation import api as foundation

SOURCE = "decisions_journeys"

_END = """
UPDATE decisions_journeys_enrolment e SET state = 'ended', ended_at = %s, end_reason = %s, due_at = NULL,
  waiting_fact = '', waiting_since = NULL, waited_fact_id = NULL
FROM decisions_journeys_journey j
WHERE e.id = ANY(%s) AND e.state IN ('active', 'error') AND j.id = e.journey_id
RETURNING e.id, e.journey_id, e.subject_id, j.name
"""


def end_runs(
    enrolment_ids: Sequence[int],
    reason: EndReason,
    *,
    at: datetime,
    causes: dict[int, facts.Fact] | None = None,
) -> int:
    """End open runs; returns how many were open. Steps taken stay taken."""
    foundation.lock_rows(Enrolment, enrolment_ids)
    rows = foundation.fetch(_END, [at, reason.value, list(enrolment_ids)])
    facts.record(
        [
            ended_fact(run_id, journey_id, name, subject_id, reason, at, (causes or {}).get(run_id))
            for run_id, journey_id, subject_id, name in rows
        ],
        at=at,
    )
    return len(rows)


def ended_fact(
    run_id: int,
    journey_id: int,
    name: str,
    subject_id: int,
    reason: EndReason,
    at: datetime,
    cause: facts.Fact | None,
) -> facts.NewFact:
    """journey.ended of one run."""
    return facts.NewFact(
        name="journey.ended",
        payload=JourneyEnded(journey_id, run_id, reason.value, name),
        occurred_at=at,
        subject_id=subject_id,
        source=SOURCE,
        external_id=f"run:{run_id}:ended",
        cause=cause,
    )


def exit_runs(heard: Sequence[facts.Fact], owners: dict[int, int], *, at: datetime) -> int:
    """End runs whose version names one of these facts as an exit, if it happened after they began."""
    subjects = [fact for fact in heard if fact.subject_id in owners]
    if not subjects:
        return 0
    rows = foundation.fetch(
        """SELECT e.id, e.customer_id, e.began_at, v.definition->'exit_on'
           FROM decisions_journeys_enrolment e JOIN decisions_journeys_journeyversion v ON v.id = e.version_id
           WHERE e.customer_id = ANY(%s) AND e.state IN ('active', 'error')
             AND jsonb_typeof(v.definition->'exit_on') = 'array'""",
        [sorted({owners[fact.subject_id or 0] for fact in subjects})],
    )
    causes: dict[int, facts.Fact] = {}
    for run_id, customer_id, began_at, exits in rows:
        for fact in subjects:
            mine = owners[fact.subject_id or 0] == customer_id
            if mine and fact.name in exits and fact.occurred_at >= began_at:
                causes.setdefault(run_id, fact)
    return end_runs(sorted(causes), EndReason.EXITED, at=at, causes=causes)


def forget(customer_ids: Sequence[int], *, at: datetime) -> int:
    """End the runs of people whose data was erased: nobody is sent to them any more."""
    found = Enrolment.objects.filter(customer_id__in=customer_ids, state__in=["active", "error"])
    return end_runs(sorted(found.values_list("pk", flat=True)), EndReason.ERASED, at=at)


def remove(enrolment_ids: Sequence[int], *, at: datetime, by: foundation.Principal) -> int:
    """Take people out by hand; returns how many were inside."""
    ended = end_runs(enrolment_ids, EndReason.REMOVED, at=at)
    if ended:
        foundation.audit(by, "journey.people_removed", "journey", 0, {"runs": list(enrolment_ids)}, at=at)
    return ended


def retry_errors(journey_id: int, *, at: datetime) -> int:
    """Let people whose step failed try it again; returns how many."""
    return Enrolment.objects.filter(journey_id=journey_id, state="error").update(
        state="active", due_at=at, error=""
    )
