"""组织与团队: the tree as the directory tells it, the people in it, and their history."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from siyu.foundation.api import Role
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import MANAGEMENT, STORES, Visit, rule, visit
from siyu.kit.errors import NotFound
from siyu.kit.pagination import Page
from siyu.records.staff import api as staff

VIEWERS = MANAGEMENT | STORES | {Role.OPERATOR, Role.ADMIN, Role.ANALYST, Role.COMPLIANCE}
SIZE = 50


@dataclass
class Branch:
    """A unit with what lies under it, and how many people work there."""

    unit: staff.UnitView
    people: int = 0
    children: list[Branch] = field(default_factory=list)


def tree(units: list[staff.UnitView], people: list[staff.EmployeeView]) -> list[Branch]:
    """The units as a forest in their own order; a unit whose parent is out of sight is a root."""
    branches = {unit.id: Branch(unit) for unit in units}
    for one in people:
        for unit_id in branches[one.unit_id].unit.id_path if one.unit_id in branches else ():
            if unit_id in branches:
                branches[unit_id].people += 1
    roots: list[Branch] = []
    for branch in branches.values():
        parent = branches.get(branch.unit.parent_id or 0)
        (parent.children if parent else roots).append(branch)
    return roots


def _visible(seen: Visit) -> tuple[list[staff.UnitView], list[staff.EmployeeView]]:
    units, people = staff.unit_tree(seen.at), staff.employees(seen.at)
    if seen.scope.all:
        return units, people
    return (
        [unit for unit in units if unit.id in seen.scope.unit_ids],
        [one for one in people if one.id in seen.scope.employee_ids],
    )


@rule(roles=VIEWERS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The tree and the people of the chosen unit and below."""
    seen = visit(request)
    units, people = _visible(seen)
    unit_id = params.number(request.GET.get("unit"))
    chosen = next((unit for unit in units if unit.id == unit_id), None)
    if unit_id is not None and chosen is None:
        raise NotFound("unit.not_found")
    paths = {unit.id: unit.id_path for unit in units}
    search = request.GET.get("q", "").strip().lower()[:100]
    shown = [
        one
        for one in people
        if (chosen is None or chosen.id in paths.get(one.unit_id or 0, ()))
        and (not search or search in one.name.lower() or search in one.userid.lower())
    ]
    number = params.page_number(request)
    context = {
        "tree": tree(units, people),
        "chosen": chosen,
        "page": Page(shown[(number - 1) * SIZE : number * SIZE], len(shown), number, SIZE),
        "search": search,
        "total": len(people),
    }
    return render(request, "console/organisation.html", context)


@rule(roles=VIEWERS)
@require_GET
def employee(request: HttpRequest, employee_id: int) -> HttpResponse:
    """One employee with the history of units; effective dates stay when people move."""
    seen = visit(request)
    found = staff.employees_by_id([employee_id], at=seen.at).get(employee_id)
    if found is None or not (seen.scope.all or found.id in seen.scope.employee_ids):
        raise NotFound("employee.not_found")
    context = {"employee": found, "history": staff.employment_history(employee_id)}
    return render(request, "console/employee.html", context)
