"""Friend relations: every word of a platform is kept, periods are computed from all of them.

So late, repeated and reordered callbacks end in the same periods as the tidy order.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import rules
from siyu.records.customers.contracts import (
    OWNER,
    Cause,
    ContactAdded,
    ContactEnded,
    ContactEndSpec,
    ContactSpec,
    cause_of,
)
from siyu.records.customers.operations.locks import lock_subjects
from siyu.records.customers.operations.sight import see_subjects_anew

Relation = tuple[int, int, str]

_EVENTS = """
INSERT INTO records_customers_contactevent
    (subject_id, employee_id, connection, occurred_at, kind, ended_by, state, add_way)
SELECT n.* FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::text[], %s::text[],
                       %s::text[], %s::text[])
  AS n(subject_id, employee_id, connection, occurred_at, kind, ended_by, state, add_way)
ORDER BY 1, 2, 3, 4, 5 ON CONFLICT DO NOTHING
RETURNING subject_id, employee_id, connection
"""

_OF_RELATIONS = """
FROM {table} t JOIN unnest(%s::bigint[], %s::bigint[], %s::text[]) AS n(subject_id, employee_id, connection)
  ON t.subject_id = n.subject_id AND t.employee_id = n.employee_id AND t.connection = n.connection
"""


@dataclass
class _Row:
    """A stored period."""

    id: int
    period: rules.Period
    told_since: datetime
    told_until: datetime | None


@dataclass(frozen=True)
class _Change:
    """What changed about one relation: periods that began or ended."""

    relation: Relation
    period: rules.Period
    began: bool
    ended: bool


def add_contact(
    specs: Sequence[ContactSpec],
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
    cause: Cause = None,
) -> list[bool]:
    """Friend relations began; True where this opened a period that was not known.

    Set-based. A repeat changes nothing and records nothing; facts contact.added are recorded once per
    period with the adding's state, way and welcome code.
    """
    rows = [
        (s.subject_id, s.employee_id, s.connection, s.since, "added", "", s.state[:64], s.add_way[:32])
        for s in specs
    ]
    welcome = {(s.subject_id, s.employee_id, s.connection, s.since): s.welcome_ref for s in specs}
    changes = _apply(rows)
    _tell(changes, welcome, at=at, origin=origin, cause=cause)
    began = {(change.relation, change.period.since) for change in changes if change.began}
    return _first_time(
        [((s.subject_id, s.employee_id, s.connection), s.since) for s in specs],
        began,
    )


def end_contact(
    specs: Sequence[ContactEndSpec],
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
    cause: Cause = None,
) -> list[bool]:
    """Friend relations ended; True where this closed a period. An end may come before its beginning."""
    rows = [
        (s.subject_id, s.employee_id, s.connection, s.ended_at, "ended", s.ended_by.value, "", "")
        for s in specs
    ]
    changes = _apply(rows)
    _tell(changes, {}, at=at, origin=origin, cause=cause)
    ended = {(change.relation, change.period.until) for change in changes if change.ended}
    return _first_time([((s.subject_id, s.employee_id, s.connection), s.ended_at) for s in specs], ended)


def _first_time(keys: Iterable[object], changed: Collection[object]) -> list[bool]:
    seen: set[object] = set()
    answers = []
    for key in keys:
        answers.append(key in changed and key not in seen)
        seen.add(key)
    return answers


def _apply(rows: Sequence[tuple[int, int, str, datetime, str, str, str, str]]) -> list[_Change]:
    """Store what was said; recompute the periods of the relations that heard something new."""
    if not rows:
        return []
    new = foundation.fetch(_EVENTS, [foundation.array(column) for column in zip(*rows, strict=True)])
    relations = sorted({(subject, employee, connection) for subject, employee, connection in new})
    if not relations:
        return []
    # Two workers that hear about one relation at once compute one after the other.
    lock_subjects(relation[0] for relation in relations)
    return _recompute(relations)


def _columns(relations: Sequence[Relation]) -> list[str]:
    return [foundation.array(column) for column in zip(*relations, strict=True)]


def _recompute(relations: Sequence[Relation]) -> list[_Change]:
    moments: dict[Relation, list[rules.ContactMoment]] = {relation: [] for relation in relations}
    for s, e, c, moment, kind, ended_by, state, add_way in foundation.fetch(
        "SELECT t.subject_id, t.employee_id, t.connection, t.occurred_at, t.kind, t.ended_by, t.state, t.add_way"
        + _OF_RELATIONS.format(table="records_customers_contactevent"),
        _columns(relations),
    ):
        moments[(s, e, c)].append(rules.ContactMoment(moment, kind == "added", state, add_way, ended_by))
    stored: dict[Relation, list[_Row]] = {}
    for number, s, e, c, told, told_end, since, until, ended_by, state, add_way in foundation.fetch(
        "SELECT t.id, t.subject_id, t.employee_id, t.connection, t.told_since, t.told_until,"
        " t.since, t.until, t.ended_by, t.state, t.add_way"
        + _OF_RELATIONS.format(table="records_customers_contact")
        + " ORDER BY t.since",
        _columns(relations),
    ):
        row = _Row(number, rules.Period(since, until, ended_by, state, add_way), told, told_end)
        stored.setdefault((s, e, c), []).append(row)
    insert: list[tuple[Relation, _Row]] = []
    update: list[_Row] = []
    changes: list[_Change] = []
    moved: set[int] = set()
    for relation in relations:
        wanted, rows = rules.periods(moments[relation]), stored.get(relation, [])
        changes += _compare(relation, wanted, rows, insert, update)
        if any(period.until is None for period in wanted) != any(row.period.until is None for row in rows):
            moved.add(relation[0])
    _write(insert, update)
    see_subjects_anew(moved)
    return changes


def _compare(
    relation: Relation,
    wanted: Sequence[rules.Period],
    rows: list[_Row],
    insert: list[tuple[Relation, _Row]],
    update: list[_Row],
) -> list[_Change]:
    """Match stored periods to the computed ones by the beginning that was told; note the differences.

    A stored period always finds its match: more knowledge splits, shortens or lengthens, never joins. The end of a
    period is told once, though a pull saw it later than it was: what was told is the end of the period it falls into.
    """
    changes: list[_Change] = []
    left = list(rows)
    said = [row.told_until for row in rows if row.told_until is not None]
    for place, period in enumerate(wanted):
        following = wanted[place + 1].since if place + 1 < len(wanted) else None
        told = next(
            (end for end in said if period.since <= end and (following is None or end < following)), None
        )
        ended = told is None and _was_told(period)
        if ended:
            told = period.until
        row = next(
            (
                r
                for r in left
                if period.since <= r.told_since and (period.until is None or r.told_since <= period.until)
            ),
            None,
        )
        if row is None:
            insert.append((relation, _Row(0, period, period.since, told)))
            changes.append(_Change(relation, period, True, ended))
            continue
        left.remove(row)
        if row.period != period or row.told_until != told:
            update.append(_Row(row.id, period, row.told_since, told))
            changes.append(_Change(relation, period, False, ended))
    return changes


def _was_told(period: rules.Period) -> bool:
    """Whether somebody said that it ended; an end that only follows from a new adding is no news of its own."""
    return period.until is not None and period.ended_by != ""


def _write(insert: Sequence[tuple[Relation, _Row]], update: Sequence[_Row]) -> None:
    if update:
        foundation.execute(
            """UPDATE records_customers_contact c
               SET since = n.since, until = n.until, ended_by = n.ended_by, state = n.state, add_way = n.add_way,
                   told_until = n.told_until
               FROM unnest(%s::bigint[], %s::timestamptz[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[],
                           %s::text[])
                 AS n(id, told_until, since, until, ended_by, state, add_way)
               WHERE c.id = n.id""",
            [
                foundation.array(row.id for row in update),
                foundation.array(row.told_until for row in update),
                *_period_columns([row.period for row in update]),
            ],
        )
    if insert:
        foundation.execute(
            """INSERT INTO records_customers_contact
                   (subject_id, employee_id, connection, since, until, ended_by, state, add_way, told_since, told_until)
               SELECT subject_id, employee_id, connection, since, until, ended_by, state, add_way, since, told_until
               FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::text[],
                           %s::text[], %s::text[], %s::timestamptz[])
                 AS n(subject_id, employee_id, connection, since, until, ended_by, state, add_way, told_until)""",
            [
                *_columns([relation for relation, _row in insert]),
                *_period_columns([row.period for _relation, row in insert]),
                foundation.array(row.told_until for _relation, row in insert),
            ],
        )


def _period_columns(items: Sequence[rules.Period]) -> list[str]:
    rows = [(p.since, p.until, p.ended_by, p.state, p.add_way) for p in items]
    return [foundation.array(column) for column in zip(*rows, strict=True)]


def _tell(
    changes: Sequence[_Change],
    welcome: dict[tuple[int, int, str, datetime], str | None],
    *,
    at: datetime,
    origin: facts.Origin | None,
    cause: Cause,
) -> None:
    events = []
    for change in changes:
        subject, employee, connection = change.relation
        key = f"contact:{connection}:{subject}:{employee}:{change.period.since.isoformat()}"
        if change.began:
            payload: ContactAdded | ContactEnded = ContactAdded(
                employee_id=employee,
                state=change.period.state,
                add_way=change.period.add_way,
                connection=connection,
                welcome_ref=welcome.get((*change.relation, change.period.since)),
            )
            events.append(
                _fact("contact.added", payload, change.period.since, subject, f"{key}:added", origin, cause)
            )
        if change.ended and change.period.until is not None:
            payload = ContactEnded(employee, change.period.ended_by, connection)
            end = f"contact:{connection}:{subject}:{employee}:{change.period.until.isoformat()}:ended"
            events.append(_fact("contact.ended", payload, change.period.until, subject, end, origin, cause))
    facts.record(events, at=at)


def _fact(
    name: str,
    payload: object,
    occurred_at: datetime,
    subject: int,
    key: str,
    origin: facts.Origin | None,
    cause: Cause,
) -> facts.NewFact:
    return facts.NewFact(
        name=name,
        payload=payload,
        occurred_at=occurred_at,
        subject_id=subject,
        source=OWNER,
        external_id=key,
        origin=origin,
        cause=cause_of(cause, subject),
    )
