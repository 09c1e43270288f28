"""Create and close tasks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from siyu.actions.work.contracts import (
    FOLLOW_UP,
    Created,
    TaskFact,
    TaskResult,
    TaskSpec,
    TaskState,
    TaskView,
)
from siyu.actions.work.models import Task
from siyu.actions.work.queries import brand_today, scoped, view_of
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.customers import api as customers
from siyu.records.staff.api import Scope

SOURCE = "actions_work"
MAX_NOTE = 1000

_INSERT = """
INSERT INTO actions_work_task (key, employee_id, customer_id, subject_id, kind, title, reason, draft,
  purpose_key, due_at, due_day, expires_at, state, result, note, created_at, closed_by)
SELECT v.*, 'open', '', '', %s, ''
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::timestamptz[], %s::date[], %s::timestamptz[]) AS v
ON CONFLICT (key) DO NOTHING RETURNING id, key
"""


def create_tasks(
    tasks: Sequence[TaskSpec], *, at: datetime, cause: facts.Fact | None = None
) -> list[Created]:
    """Create tasks, each key once for ever; the answers stand in the order asked.

    BadInput for a task without title or for a customer that is not known; then nothing is created.
    """
    subjects = customers.anchors_of({spec.customer_id for spec in tasks if spec.subject_id is None})
    zone = foundation.brand_zone()
    unique: dict[str, tuple[TaskSpec, int]] = {}
    for spec in tasks:
        subject_id = spec.subject_id if spec.subject_id is not None else subjects.get(spec.customer_id)
        if subject_id is None:
            raise BadInput("task.customer", _("This customer is not known."), customer_id=spec.customer_id)
        if not spec.title.strip():
            raise BadInput("task.title", _("A task needs a title."))
        unique.setdefault(spec.key, (spec, subject_id))
    specs = list(unique.values())
    new = _insert(specs, zone, at) if specs else {}
    old = [key for key in unique if key not in new]
    known = dict(Task.objects.filter(key__in=old).values_list("key", "pk")) if old else {}
    facts.record(
        [
            facts.NewFact(
                name="task.created",
                payload=TaskFact(
                    new[spec.key],
                    spec.employee_id,
                    spec.kind,
                    "",
                    spec.purpose_key,
                    spec.due_at.astimezone(zone).date().isoformat(),
                ),
                occurred_at=at,
                subject_id=subject_id,
                source=SOURCE,
                external_id=f"task:{new[spec.key]}:created",
                cause=spec.cause or cause,
            )
            for spec, subject_id in specs
            if spec.key in new
        ],
        at=at,
    )
    answers = []
    for spec in tasks:
        first = spec.key in new and spec.key not in known
        known.setdefault(spec.key, new.get(spec.key, 0))
        answers.append(Created(spec.key, known[spec.key], first))
    return answers


def _insert(specs: Sequence[tuple[TaskSpec, int]], zone: ZoneInfo, at: datetime) -> dict[str, int]:
    rows = foundation.fetch(
        _INSERT,
        [
            at,
            foundation.array(spec.key for spec, _subject in specs),
            foundation.array(spec.employee_id for spec, _subject in specs),
            foundation.array(spec.customer_id for spec, _subject in specs),
            foundation.array(subject for _spec, subject in specs),
            foundation.array(spec.kind for spec, _subject in specs),
            foundation.array(spec.title[:200] for spec, _subject in specs),
            foundation.array(spec.reason for spec, _subject in specs),
            foundation.array(spec.draft for spec, _subject in specs),
            foundation.array(spec.purpose_key for spec, _subject in specs),
            foundation.array(spec.due_at for spec, _subject in specs),
            foundation.array(spec.due_at.astimezone(zone).date().isoformat() for spec, _subject in specs),
            foundation.array(spec.expires_at for spec, _subject in specs),
        ],
    )
    return {key: int(task_id) for task_id, key in rows}


def complete(
    task_id: int,
    *,
    scope: Scope,
    by: foundation.Principal,
    at: datetime,
    result: TaskResult = TaskResult.SENT,
    note: str = "",
    skipped: bool = False,
) -> TaskView:
    """Close an open task as done, or as skipped when it was not needed.

    NotFound when there is none in scope (own tasks are always in a clerk's scope), Conflict when it
    is closed already with another result; closing it twice the same way is once.
    """
    foundation.lock_rows(Task, [task_id])
    row = scoped(scope).filter(pk=task_id).first()
    if row is None:
        raise NotFound("task.not_found")
    if len(note) > MAX_NOTE:
        raise BadInput("task.note", _("Keep the note under %(limit)s characters."), limit=MAX_NOTE)
    state = TaskState.SKIPPED if skipped else TaskState.DONE
    if row.state != TaskState.OPEN.value:
        if (row.state, row.result) == (state.value, result.value):
            return view_of(row, brand_today(at))
        raise Conflict("task.closed", _("This task is closed already."))
    _close([row], state, result, at=at, by=by.display_name, note=note)
    return view_of(row, brand_today(at))


def close_follow_ups(bought: Sequence[facts.Fact], *, at: datetime) -> int:
    """A purchase closes the open follow-up tasks of that customer that were there when it was paid.

    Shops tell whole seconds: such a time stands for all of its second.
    """
    cause: dict[int, facts.Fact] = {}
    owners = customers.customers_of([fact.subject_id for fact in bought if fact.subject_id is not None])
    for fact in bought:
        customer_id = owners.get(fact.subject_id or 0)
        if customer_id is not None and (
            customer_id not in cause or fact.occurred_at > cause[customer_id].occurred_at
        ):
            cause[customer_id] = fact
    found = Task.objects.filter(customer_id__in=list(cause), kind=FOLLOW_UP, state=TaskState.OPEN.value)
    rows = []
    for row in _locked(list(found.values_list("pk", flat=True))):
        if row.state == TaskState.OPEN.value and row.created_at <= _end_of(
            cause[row.customer_id].occurred_at
        ):
            rows.append(row)
    _close(rows, TaskState.DONE, TaskResult.BOUGHT, at=at, by="", cause=cause)
    return len(rows)


def _end_of(told: datetime) -> datetime:
    return told if told.microsecond else told.replace(microsecond=999_999)


def expire_tasks(*, at: datetime, limit: int = 1000) -> int:
    """Close open tasks whose expiry has come; returns how many."""
    found = Task.objects.filter(state=TaskState.OPEN.value, expires_at__lte=at).order_by("expires_at")
    rows = _locked(list(found.values_list("pk", flat=True)[:limit]))
    rows = [row for row in rows if row.state == TaskState.OPEN.value]
    _close(rows, TaskState.EXPIRED, None, at=at, by="")
    return len(rows)


def follow_map(subject_ids: Sequence[int]) -> int:
    """Give the tasks of these subjects the customer they map to now; returns how many changed."""
    pairs = customers.customers_of(subject_ids)
    return foundation.execute(
        """UPDATE actions_work_task t SET customer_id = m.customer_id
           FROM unnest(%s::bigint[], %s::bigint[]) AS m(subject_id, customer_id)
           WHERE t.subject_id = m.subject_id AND t.customer_id <> m.customer_id""",
        [list(pairs), list(pairs.values())],
    )


def hand_over(employee_id: int, customer_ids: Sequence[int], *, at: datetime) -> int:
    """Give the open tasks of these customers to their new 专属导购; returns how many moved."""
    return (
        Task.objects.filter(customer_id__in=customer_ids, state=TaskState.OPEN.value, created_at__lte=at)
        .exclude(employee_id=employee_id)
        .update(employee_id=employee_id)
    )


def _locked(ids: Sequence[int]) -> list[Task]:
    foundation.lock_rows(Task, ids)
    return list(Task.objects.filter(pk__in=list(ids)).order_by("pk"))


def _close(
    rows: Sequence[Task],
    state: TaskState,
    result: TaskResult | None,
    *,
    at: datetime,
    by: str,
    note: str = "",
    cause: dict[int, facts.Fact] | None = None,
) -> None:
    word = result.value if result else ""
    Task.objects.filter(pk__in=[row.pk for row in rows]).update(
        state=state.value, result=word, note=note, closed_at=at, closed_by=by[:100]
    )
    for row in rows:
        row.state, row.result, row.note, row.closed_at, row.closed_by = state.value, word, note, at, by[:100]
    name = {TaskState.DONE: "task.done", TaskState.SKIPPED: "task.skipped"}.get(state, "task.expired")
    facts.record(
        [
            facts.NewFact(
                name=name,
                payload=TaskFact(row.pk, row.employee_id, row.kind, word, row.purpose_key),
                occurred_at=at,
                subject_id=row.subject_id,
                source=SOURCE,
                external_id=f"task:{row.pk}:closed",
                cause=(cause or {}).get(row.customer_id),
            )
            for row in rows
        ],
        at=at,
    )
