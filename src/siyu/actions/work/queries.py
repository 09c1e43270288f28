"""Tasks for pages."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db.models import Case, Count, Q, QuerySet, When

from siyu.actions.work.contracts import TaskCounts, TaskFilter, TaskState, TaskView
from siyu.actions.work.models import Task
from siyu.foundation import api as foundation
from siyu.kit.errors import NotFound
from siyu.kit.pagination import Page
from siyu.records.customers import api as customers
from siyu.records.staff.api import Scope

_OPEN_FIRST = Case(When(state=TaskState.OPEN.value, then=0), default=1)


def brand_today(at: datetime) -> date:
    """The brand's calendar day of ``at``."""
    return at.astimezone(foundation.brand_zone()).date()


def tasks(
    scope: Scope, filters: TaskFilter | None = None, *, at: datetime, number: int = 1, size: int = 50
) -> Page[TaskView]:
    """Tasks in scope, open ones first, then by due time.

    With a ``day`` and no states: what was due that day, and what is open from before.
    """
    rows = _narrow(scoped(scope), filters or TaskFilter())
    ordered = rows.order_by(_OPEN_FIRST, "due_at", "pk")
    chosen = ordered[(number - 1) * size : number * size]
    today = brand_today(at)
    return Page([view_of(row, today) for row in chosen], rows.count(), number, size)


def get_task(task_id: int, *, scope: Scope, at: datetime) -> TaskView:
    """One task; NotFound when there is none in scope."""
    row = scoped(scope).filter(pk=task_id).first()
    if row is None:
        raise NotFound("task.not_found")
    return view_of(row, brand_today(at))


def task_counts(
    employee_ids: Sequence[int] | None, *, first: date, last: date, scope: Scope
) -> list[TaskCounts]:
    """Completion per employee of the tasks due from ``first`` to ``last`` (brand days, both included)."""
    rows = scoped(scope).filter(due_day__gte=first, due_day__lte=last)
    if employee_ids is not None:
        rows = rows.filter(employee_id__in=list(employee_ids))
    result: dict[int, dict[str, int]] = {}
    counted = rows.values_list("employee_id", "state").annotate(number=Count("pk")).order_by("employee_id")
    for employee_id, state, number in counted:
        result.setdefault(employee_id, dict.fromkeys(TaskState, 0))[TaskState(state)] = number
    return [
        TaskCounts(
            employee_id=employee_id,
            due=sum(states.values()),
            done=states[TaskState.DONE],
            skipped=states[TaskState.SKIPPED],
            expired=states[TaskState.EXPIRED],
            open=states[TaskState.OPEN],
        )
        for employee_id, states in result.items()
    ]


def scoped(scope: Scope) -> QuerySet[Task]:
    """Tasks a scope may see: those of its employees and those about its customers."""
    rows = Task.objects.all()
    if scope.all:
        return rows
    own = sorted(scope.employee_ids | ({scope.employee_id} if scope.employee_id is not None else set()))
    condition, params = customers.scope_sql(scope, "actions_work_task.customer_id")
    return rows.extra(
        where=[f"(actions_work_task.employee_id = ANY(%s) OR ({condition}))"], params=[own, *params]
    )


def _narrow(rows: QuerySet[Task], filters: TaskFilter) -> QuerySet[Task]:
    for name in ("employee_id", "customer_id", "kind", "purpose_key"):
        value = getattr(filters, name)
        if value not in ("", None):
            rows = rows.filter(**{name: value})
    if filters.states:
        rows = rows.filter(state__in=[state.value for state in filters.states])
    if filters.day is not None:
        before = Q(due_day__lt=filters.day, state=TaskState.OPEN.value)
        rows = rows.filter(Q(due_day=filters.day) | before)
    return rows


def view_of(row: Task, today: date) -> TaskView:
    """A row as pages see it on the brand's day ``today``."""
    return TaskView(
        id=row.pk,
        employee_id=row.employee_id,
        customer_id=row.customer_id,
        kind=row.kind,
        title=row.title,
        reason=row.reason,
        draft=row.draft,
        state=TaskState(row.state),
        result=row.result,
        note=row.note,
        due_at=row.due_at,
        due_day=row.due_day,
        expires_at=row.expires_at,
        closed_at=row.closed_at,
        overdue=row.state == TaskState.OPEN.value and row.due_day < today,
    )
