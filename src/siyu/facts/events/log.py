"""Record facts and read them back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from siyu.facts.events.contracts import CATALOGUE, MAX_HOPS, Fact, FactLoop, NewFact, Origin
from siyu.facts.events.payloads import dump, load
from siyu.foundation.api import advisory_lock, array, correlation_id, execute, fetch
from siyu.kit.ids import new_id

COLUMNS = (
    "id, tx, name, version, payload, occurred_at, recorded_at, subject_id, origin, source, external_id,"
    " causation_id, correlation_id, hops"
)

ANY_OF = "ANY(ARRAY(SELECT unnest(%s::bigint[])))"
"""One of these ids, for reading the log by many. The planner does not look into the list: it would compare each id
with the statistics of each month of the log, which after three years costs more than the reading."""

_INSERT = """
WITH fresh AS MATERIALIZED (
    SELECT nextval('facts_event_id_seq') AS id, n.*
    FROM unnest(%s::text[], %s::smallint[], %s::text[], %s::timestamptz[], %s::bigint[], %s::text[], %s::text[],
                %s::text[], %s::bigint[], %s::text[], %s::smallint[])
      AS n(name, version, payload, occurred_at, subject_id, origin, source, external_id, causation_id,
           correlation_id, hops)
), keyed AS (
    INSERT INTO facts_event_key (source, external_id, fact_id)
    SELECT source, external_id, id FROM fresh ORDER BY source, external_id
    ON CONFLICT DO NOTHING RETURNING fact_id
)
INSERT INTO facts_event (id, name, version, payload, occurred_at, recorded_at, subject_id, origin, source,
                         external_id, causation_id, correlation_id, hops)
SELECT f.id, f.name, f.version, f.payload::jsonb, f.occurred_at, %s, f.subject_id, f.origin, f.source,
       f.external_id, f.causation_id, f.correlation_id, f.hops
FROM fresh f JOIN keyed k ON k.fact_id = f.id ORDER BY f.id
RETURNING source, external_id, id
"""


def record(facts: Sequence[NewFact], *, at: datetime) -> list[int | None]:
    """Record facts in this transaction, one statement for all of them.

    Returns an id for each, None where the same (source, external_id) is known already. Raises
    KeyError for a name that is not in the catalogue, TypeError for a payload of another type and
    FactLoop for a chain of more than MAX_HOPS causes; a subscriber that runs into it gets a dead letter.
    """
    if not facts:
        return []
    unique: dict[tuple[str, str], NewFact] = {}
    for fact in facts:
        declared = CATALOGUE.get(fact.name)
        if not isinstance(fact.payload, declared.payload):
            raise TypeError(
                f"{fact.name} takes {declared.payload.__name__}, not {type(fact.payload).__name__}"
            )
        if fact.cause is not None and fact.cause.hops >= MAX_HOPS:
            raise FactLoop("fact.loop", f"{fact.name} would follow from itself: more than {MAX_HOPS} hops")
        unique.setdefault((fact.source, fact.external_id), fact)
    fresh = list(unique.values())
    correlation = correlation_id() or new_id()
    rows = fetch(
        _INSERT,
        [
            array(fact.name for fact in fresh),
            array(CATALOGUE.get(fact.name).version for fact in fresh),
            array(dump(fact.payload) for fact in fresh),
            array(fact.occurred_at for fact in fresh),
            array(fact.subject_id for fact in fresh),
            array(_origin(fact).value for fact in fresh),
            array(fact.source for fact in fresh),
            array(fact.external_id for fact in fresh),
            array(fact.cause.id if fact.cause else None for fact in fresh),
            array(fact.cause.correlation_id if fact.cause else correlation for fact in fresh),
            array(fact.cause.hops + 1 if fact.cause else 0 for fact in fresh),
            at,
        ],
    )
    new = {(source, external_id): fact_id for source, external_id, fact_id in rows}
    return [new.pop((fact.source, fact.external_id), None) for fact in facts]


def _origin(fact: NewFact) -> Origin:
    if fact.origin is not None:
        return fact.origin
    return fact.cause.origin if fact.cause else Origin.LIVE


def new_subjects(count: int, *, at: datetime) -> list[int]:
    """Make ``count`` subjects and return their ids in ascending order."""
    rows = fetch(
        "INSERT INTO facts_events_subject (created_at) SELECT %s FROM generate_series(1, %s) RETURNING id",
        [at, count],
    )
    return sorted(row[0] for row in rows)


def to_fact(row: Sequence[Any]) -> Fact:
    """A row of ``COLUMNS`` as a Fact with its payload dataclass."""
    declared = CATALOGUE.get(row[2])
    return Fact(
        id=row[0],
        tx=row[1],
        name=row[2],
        version=row[3],
        payload=load(declared.payload, json.loads(row[4])),  # Django leaves jsonb undecoded
        occurred_at=row[5],
        recorded_at=row[6],
        subject_id=row[7],
        origin=Origin(row[8]),
        source=row[9],
        external_id=row[10],
        causation_id=row[11],
        correlation_id=row[12],
        hops=row[13],
    )


def read(
    *,
    subject_ids: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
    ids: Sequence[int] | None = None,
    until: datetime | None = None,
    before: tuple[datetime, int] | None = None,
    limit: int = 1000,
    newest_first: bool = False,
) -> list[Fact]:
    """Facts by (occurred_at, id). ``before`` = (occurred_at, id) of the last one seen pages on, newest first."""
    conditions, values = ["TRUE"], list[Any]()
    for condition, value in (
        (f"subject_id = {ANY_OF}", None if subject_ids is None else list(subject_ids)),
        ("name = ANY(%s)", None if names is None else list(names)),
        (f"id = {ANY_OF}", None if ids is None else list(ids)),
        ("occurred_at <= %s", until),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    if before is not None:
        conditions.append("(occurred_at, id) < (%s, %s)")
        values += before
    direction = "DESC" if newest_first else "ASC"
    rows = fetch(
        f"SELECT {COLUMNS} FROM facts_event WHERE {' AND '.join(conditions)}"
        f" ORDER BY occurred_at {direction}, id {direction} LIMIT %s",
        [*values, limit],
    )
    return [to_fact(row) for row in rows]


def ensure_partitions(*, at: datetime, months: int = 3) -> int:
    """See to it that the month of ``at`` and the next ones have their partition; returns how many were made.

    Rows that already went to the default partition are moved into the new one.
    """
    made = 0
    year, month = at.year, at.month
    for _step in range(months + 1):
        following = (year + month // 12, month % 12 + 1)
        made += _partition(f"{year:04d}-{month:02d}-01", f"{following[0]:04d}-{following[1]:02d}-01")
        year, month = following
    return made


def _exists(name: str) -> bool:
    return fetch("SELECT to_regclass(%s)", [name])[0][0] is not None


def _partition(first: str, end: str) -> int:
    name = f"facts_event_{first[:4]}_{first[5:7]}"
    if _exists(name):
        return 0
    advisory_lock("facts.partition")  # web and worker start at one moment and both find it missing
    if _exists(name):
        return 0
    low, high = f"{first} 00:00:00+00", f"{end} 00:00:00+00"
    execute(f"CREATE TABLE {name} (LIKE facts_event INCLUDING DEFAULTS INCLUDING CONSTRAINTS)")
    execute(
        f"WITH moved AS (DELETE FROM facts_event_default WHERE recorded_at >= %s AND recorded_at < %s RETURNING *)"
        f" INSERT INTO {name} SELECT * FROM moved",
        [low, high],
    )
    execute(f"ALTER TABLE facts_event ATTACH PARTITION {name} FOR VALUES FROM ('{low}') TO ('{high}')")
    return 1
