"""合并待办: two customers that a claim says are one person; somebody decides, and may undo it later."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from siyu.foundation.api import Role
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import OPERATIONS, rule, see_other, visit
from siyu.kit.errors import NotFound
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers

DECIDERS = OPERATIONS | {Role.COMPLIANCE}


@rule(roles=DECIDERS)
@require_GET
def cases(request: HttpRequest) -> HttpResponse:
    """What waits for a decision, or what was decided; each case with both people side by side."""
    seen = visit(request)
    state = customers.CaseState(params.one_of(request.GET.get("state"), list(customers.CaseState), "open"))
    found = customers.merge_cases(scope=seen.scope, state=state)
    ids = {number for case in found for number in (case.first_id, case.second_id)}
    known, totals = customers.profiles(ids), commerce.customer_totals(list(ids))
    now = customers.current_ids(ids)
    rows = [
        (
            case,
            customers.CASE_REASON_LABELS.get(case.reason, case.reason),
            [
                (number, known.get(number), totals.get(number), now.get(number, number))
                for number in (case.first_id, case.second_id)
            ],
        )
        for case in found
    ]
    return render(request, "console/merge_cases.html", {"rows": rows, "state": state.value})


@rule(roles=DECIDERS)
@require_POST
def decide(request: HttpRequest, case_id: int) -> HttpResponse:
    """One person (``kept`` says whose record stays) or two; both must be in the reader's scope."""
    seen = visit(request)
    found = customers.merge_cases(scope=seen.scope, only=case_id)
    if not found:
        raise NotFound("case.not_found", _("There is no such case."))
    for number in (found[0].first_id, found[0].second_id):
        customers.get_customer(number, scope=seen.scope)
    kept = params.number(request.POST.get("kept"))
    merged = customers.resolve_case(
        case_id, same_person=kept is not None, at=seen.at, by=seen.principal, kept_id=kept
    )
    if merged is None:
        messages.success(request, _("They stay two customers."))
        return see_other(request, reverse("console:merge-cases"))
    messages.success(request, _("They are one customer now. You can undo this on the customer's page."))
    return see_other(request, reverse("console:customer", args=[kept]))


@rule(roles=DECIDERS)
@require_POST
def undo(request: HttpRequest, customer_id: int, merge_id: int) -> HttpResponse:
    """They were two people after all."""
    seen = visit(request)
    person = customers.get_customer(customer_id, scope=seen.scope)
    if merge_id not in {one.id for one in person.merges}:
        raise NotFound("merge.not_found", _("There is no such merge."))
    customers.undo_merge(merge_id, at=seen.at, by=seen.principal)
    messages.success(request, _("The merge is undone: they are two customers again."))
    return see_other(request, reverse("console:customer", args=[person.id]))
