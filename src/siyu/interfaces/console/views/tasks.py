"""导购任务: what clerks were asked to do, who did it, what is overdue."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from siyu.actions.work import api as work
from siyu.foundation.api import Role
from siyu.interfaces.console import words
from siyu.interfaces.console.views import params
from siyu.interfaces.console.views.customers import people_in
from siyu.interfaces.ui.api import ALL, rule, visit
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

WEEK = timedelta(days=6)


@rule(roles=ALL - {Role.CLERK})
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Tasks of the employees in scope, and this week's completion by employee."""
    seen = visit(request)
    today = timezone.localtime(seen.at).date()
    state = params.one_of(request.GET.get("state"), words.STATES["task"])
    employee_id = params.number(request.GET.get("employee"))
    wanted = work.TaskFilter(
        states=frozenset({work.TaskState(state)}) if state else frozenset(),
        employee_id=employee_id,
    )
    page = work.tasks(seen.scope, wanted, at=seen.at, number=params.page_number(request))
    totals: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for one in work.task_counts(None, first=today - WEEK, last=today, scope=seen.scope):
        totals[one.employee_id][0] += one.due
        totals[one.employee_id][1] += one.done
    known = staff.employees_by_id({one.employee_id for one in page.items} | set(totals), at=seen.at)
    context = {
        "page": page,
        "people": customers.profiles({one.customer_id for one in page.items}),
        "employees": known,
        "totals": sorted(
            (
                (known[number], due, done, done / due)
                for number, (due, done) in totals.items()
                if due and number in known
            ),
            key=lambda each: (each[3], -each[1]),
        )[:20],
        "state": state,
        "employee_id": employee_id,
        "team": people_in(seen),
        "states": words.choices("task"),
    }
    return render(request, "console/tasks.html", context)
