"""我的: own figures, language, way out."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from siyu.actions.work import api as work
from siyu.insights.metrics import api as metrics
from siyu.interfaces.ui.api import rule, visit
from siyu.interfaces.workbench.views.today import FIELD
from siyu.records.staff import api as staff

DAYS = 7


@rule(roles=FIELD)
@require_GET
def me(request: HttpRequest) -> HttpResponse:
    """The reader's own numbers of today, with their definitions, and seven days of sales."""
    seen = visit(request)
    day = work.brand_today(seen.at)
    own = seen.scope.employee_id
    sales = metrics.series("sales", scope=seen.scope, until=day, days=DAYS)
    most = max((value.value or 0 for value in sales), default=0)
    context = {
        "employee": staff.employees_by_id([own], at=seen.at).get(own) if own else None,
        "principal": seen.principal,
        "values": metrics.today(scope=seen.scope, at=seen.at),
        "sales": [
            {"value": value, "percent": round(100 * (value.value or 0) / most) if most > 0 else 0}
            for value in sales
        ],
        "tab": "me",
    }
    return render(request, "workbench/me.html", context)
