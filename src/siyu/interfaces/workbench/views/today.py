"""今日任务: whom to contact today, why, with what words; and for managers, how far each clerk is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from siyu.actions.work import api as work
from siyu.actions.work.api import TaskResult, TaskState
from siyu.foundation.api import Role
from siyu.insights.cards import api as cards
from siyu.interfaces.ui.api import Visit, rule, see_other, visit
from siyu.kit.errors import BadInput
from siyu.records.staff import api as staff

FIELD = frozenset({Role.CLERK, Role.STORE_MANAGER, Role.REGION_MANAGER, Role.OWNER, Role.LEAD, Role.OPERATOR})
MOST = 200
DONE_WITH = (TaskResult.SENT, TaskResult.CALLED, TaskResult.VISITED, TaskResult.NO_ANSWER)
SKIPPED_WITH = (TaskResult.NOT_NEEDED, TaskResult.OTHER)


@dataclass(frozen=True)
class Progress:
    """How far somebody is with the day's tasks."""

    name: str
    done: int
    due: int

    @property
    def percent(self) -> int:
        """Share done, in whole percent; 100 where nothing was due."""
        return round(100 * self.done / self.due) if self.due else 100


@rule(roles=FIELD)
@require_GET
def today(request: HttpRequest) -> HttpResponse:
    """The day's tasks: a clerk's own, or those of the people in a manager's scope."""
    seen = visit(request)
    day = work.brand_today(seen.at)
    own = seen.scope.employee_id if seen.principal.role == Role.CLERK else None
    page = work.tasks(seen.scope, work.TaskFilter(day=day, employee_id=own), at=seen.at, size=MOST)
    open_tasks = [task for task in page.items if task.state == TaskState.OPEN]
    closed = [task for task in page.items if task.state != TaskState.OPEN]
    context: dict[str, Any] = {
        "day": day,
        "open_tasks": open_tasks,
        "closed": closed,
        "progress": Progress("", len(closed), len(page.items)),
        "cards": cards.cards_by_id({task.customer_id for task in page.items}, at=seen.at, scope=seen.scope),
        "team": [] if own is not None else _team(seen),
        "done_with": [(result.value, work.RESULT_LABELS[result]) for result in DONE_WITH],
        "skipped_with": [(result.value, work.RESULT_LABELS[result]) for result in SKIPPED_WITH],
        "results": {result.value: label for result, label in work.RESULT_LABELS.items()},
        "more": page.total - len(page.items),
        "tab": "today",
    }
    if own is None:
        context["clerks"] = staff.employees_by_id({task.employee_id for task in page.items}, at=seen.at)
    return render(request, "workbench/today.html", context)


def _team(seen: Visit) -> list[Progress]:
    day = work.brand_today(seen.at)
    counts = work.task_counts(None, first=day, last=day, scope=seen.scope)
    people = staff.employees_by_id({count.employee_id for count in counts}, at=seen.at)
    lines = [
        Progress(people[count.employee_id].name, count.due - count.open, count.due)
        for count in counts
        if count.employee_id in people
    ]
    return sorted(lines, key=lambda line: (line.percent, line.name))


@rule(roles=FIELD)
@require_POST
def close(request: HttpRequest, task_id: int) -> HttpResponse:
    """Close one task as done or skipped. Closing it a second time changes nothing."""
    seen = visit(request)
    task = work.get_task(task_id, scope=seen.scope, at=seen.at)
    try:
        result = TaskResult(request.POST.get("result", ""))
    except ValueError:
        raise BadInput("task.result", _("Choose how it went.")) from None
    if result not in DONE_WITH + SKIPPED_WITH:
        raise BadInput("task.result", _("Choose how it went."))
    if task.state == TaskState.OPEN:
        work.complete(
            task_id,
            scope=seen.scope,
            by=seen.principal,
            at=seen.at,
            result=result,
            note=request.POST.get("note", "").strip()[:200],
            skipped=result in SKIPPED_WITH,
        )
    return see_other(request, reverse("workbench:today"))
