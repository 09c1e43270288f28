"""Let people in: set-based, once each, however often and however parallel a fact is heard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from siyu.decisions.journeys.contracts import Definition, JourneyEntered, SkipReason
from siyu.decisions.journeys.models import Journey, JourneyVersion
from siyu.decisions.journeys.operations.leave import SOURCE
from siyu.decisions.journeys.rules.definition import load_definition
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers

# The unique indexes decide; the SELECT only spares the insert where it cannot succeed.
_ENTER = """
INSERT INTO decisions_journeys_enrolment
  (journey_id, version_id, customer_id, subject_id, entry_no, entry_fact_id, context, began_at, entered_at,
   state, step_id, visit, arrived, due_at, waiting_fact, holdout, error, end_reason, attempts)
SELECT %s, %s, c.customer_id, c.subject_id, h.number + 1, c.fact_id, c.context, c.began_at, %s,
       'active', %s, 1, false, %s, '', false, '', '', 0
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::jsonb[], %s::timestamptz[])
       AS c(customer_id, subject_id, fact_id, context, began_at),
     LATERAL (SELECT coalesce(max(e.entry_no), 0) AS number, max(e.entered_at) AS last_at,
                     coalesce(bool_or(e.state IN ('active', 'error')), false) AS open
              FROM decisions_journeys_enrolment e
              WHERE e.journey_id = %s AND e.customer_id = c.customer_id) h
WHERE NOT h.open AND (h.number = 0 OR h.last_at <= %s::timestamptz)
ORDER BY c.customer_id
ON CONFLICT DO NOTHING
RETURNING id, customer_id, entry_fact_id
"""

_SKIP = """
INSERT INTO decisions_journeys_skip (journey_id, subject_id, customer_id, fact_id, reason, at)
SELECT %s, s.subject_id, s.customer_id, s.fact_id, s.reason, %s
FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[]) AS s(subject_id, customer_id, fact_id, reason)
WHERE NOT EXISTS (SELECT 1 FROM decisions_journeys_enrolment e
                  WHERE e.journey_id = %s AND e.entry_fact_id = s.fact_id)
ON CONFLICT (journey_id, fact_id) DO NOTHING
"""

_OPEN = """
SELECT customer_id FROM decisions_journeys_enrolment
WHERE journey_id = %s AND customer_id = ANY(%s) AND state IN ('active', 'error')
"""


@dataclass(frozen=True, slots=True)
class _Live:
    journey_id: int
    name: str
    paused: bool
    version_id: int
    number: int
    definition: Definition


def enter(heard: Sequence[facts.Fact], owners: Mapping[int, int], *, at: datetime) -> list[int]:
    """Enrol the customers of these facts in every journey whose entry they fit; returns new enrolment ids.

    ``owners`` maps subject → customer. Who fits but does not enter is noted with the reason.
    """
    entered: list[int] = []
    erased = customers.erased_among(owners.values())
    for live in _live_journeys({fact.name for fact in heard}):
        fitting = [
            fact
            for fact in heard
            if fact.subject_id is not None
            and fits(live.definition.entry.fact, live.definition.entry.where, fact)
        ]
        if fitting:
            entered += _enter_one(live, fitting, owners, erased, at)
    return entered


def fits(name: str, where: Mapping[str, Any], fact: facts.Fact) -> bool:
    """Whether a fact has this name and all these payload fields have these values."""
    return fact.name == name and all(
        getattr(fact.payload, key, None) == value for key, value in where.items()
    )


def _live_journeys(names: set[str]) -> list[_Live]:
    rows = Journey.objects.filter(state__in=["running", "paused"], entry_fact__in=names).order_by("pk")
    found = []
    for row in rows:
        version = JourneyVersion.objects.get(journey=row, number=row.live_version or 0)
        definition = load_definition(version.definition)
        found.append(_Live(row.pk, row.name, row.state == "paused", version.pk, version.number, definition))
    return found


def _enter_one(
    live: _Live,
    fitting: Sequence[facts.Fact],
    owners: Mapping[int, int],
    erased: Set[int],
    at: datetime,
) -> list[int]:
    oldest = at - timedelta(hours=live.definition.entry.max_age_hours)
    skips: dict[int, SkipReason] = {}
    chosen: dict[int, facts.Fact] = {}
    for fact in sorted(fitting, key=lambda each: (each.occurred_at, each.id)):
        customer_id = owners.get(fact.subject_id or 0)
        if customer_id is None:
            skips[fact.id] = SkipReason.UNIDENTIFIED
        elif customer_id in erased:
            skips[fact.id] = SkipReason.ERASED
        elif live.paused:
            skips[fact.id] = SkipReason.PAUSED
        elif fact.occurred_at < oldest:
            skips[fact.id] = SkipReason.TOO_OLD
        elif customer_id in chosen:
            skips[fact.id] = SkipReason.ALREADY_IN
        else:
            chosen[customer_id] = fact
    new = _insert(live, chosen, at) if chosen else {}
    left = {customer_id: fact for customer_id, fact in chosen.items() if customer_id not in new}
    if left:
        open_now = {row[0] for row in foundation.fetch(_OPEN, [live.journey_id, sorted(left)])}
        for customer_id, fact in left.items():
            inside = customer_id in open_now
            skips[fact.id] = SkipReason.ALREADY_IN if inside else SkipReason.REENTRY
    _note_skips(live, fitting, owners, skips, at)
    facts.record(
        [
            facts.NewFact(
                name="journey.entered",
                payload=JourneyEntered(live.journey_id, live.number, run_id, live.name),
                occurred_at=at,
                subject_id=chosen[customer_id].subject_id,
                source=SOURCE,
                external_id=f"run:{run_id}:entered",
                cause=chosen[customer_id],
            )
            for customer_id, run_id in new.items()
        ],
        at=at,
    )
    return sorted(new.values())


def _insert(live: _Live, chosen: Mapping[int, facts.Fact], at: datetime) -> dict[int, int]:
    days = live.definition.reentry.days
    last_allowed = at - timedelta(days=days) if days is not None else None
    rows = foundation.fetch(
        _ENTER,
        [
            live.journey_id,
            live.version_id,
            at,
            live.definition.steps[0].id,
            at,
            foundation.array(chosen),
            foundation.array(fact.subject_id for fact in chosen.values()),
            foundation.array(fact.id for fact in chosen.values()),
            foundation.array(json.dumps(asdict(fact.payload), default=str) for fact in chosen.values()),
            foundation.array(fact.occurred_at for fact in chosen.values()),
            live.journey_id,
            last_allowed,
        ],
    )
    return {customer_id: run_id for run_id, customer_id, _fact in rows}


def _note_skips(
    live: _Live,
    fitting: Sequence[facts.Fact],
    owners: Mapping[int, int],
    skips: Mapping[int, SkipReason],
    at: datetime,
) -> None:
    noted = [fact for fact in fitting if fact.id in skips]
    if noted:
        foundation.execute(
            _SKIP,
            [
                live.journey_id,
                at,
                foundation.array(fact.subject_id for fact in noted),
                foundation.array(owners.get(fact.subject_id or 0) for fact in noted),
                foundation.array(fact.id for fact in noted),
                foundation.array(skips[fact.id].value for fact in noted),
                live.journey_id,
            ],
        )
