"""我的客户: the clerk's own customers and one of them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_POST

from siyu.actions.work import api as work
from siyu.actions.work.api import TaskState
from siyu.facts import api as facts
from siyu.insights.cards import api as cards
from siyu.insights.cards.api import CardFilter, Op
from siyu.insights.scoring import api as scoring
from siyu.interfaces.ui.api import rule, see_other, visit
from siyu.interfaces.ui.member_links import member_link
from siyu.interfaces.ui.timeline import moments, timeline_names
from siyu.interfaces.workbench.views.today import FIELD
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff

SIZE = 30
FILTERS = {
    "new": (_("New in 7 days"), (CardFilter("created_at", Op.WITHIN_DAYS, 7),)),
    "bought": (_("Bought in 30 days"), (CardFilter("last_order_at", Op.WITHIN_DAYS, 30),)),
    "quiet": (_("Quiet for 90 days"), (CardFilter("last_order_at", Op.OVER_DAYS, 90),)),
    "never": (
        _("Friend, not bought"),
        (CardFilter("orders", Op.IS, 0), CardFilter("friend_count", Op.AT_LEAST, 1)),
    ),
}


@rule(roles=FIELD)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """Customers in the reader's scope, searched and filtered by one tap."""
    seen = visit(request)
    search = request.GET.get("q", "").strip()[:100]
    chosen = request.GET.get("show", "")
    number = request.GET.get("page", "1")
    page = cards.list_cards(
        seen.scope,
        FILTERS[chosen][1] if chosen in FILTERS else (),
        "-last_active_at",
        max(1, int(number)) if number.isdecimal() and len(number) < 7 else 1,
        at=seen.at,
        size=SIZE,
        search=search,
    )
    context = {
        "page": page,
        "search": search,
        "chosen": chosen,
        "filters": [(key, label) for key, (label, _conditions) in FILTERS.items()],
        "stage_labels": {stage.value: label for stage, label in scoring.STAGE_LABELS.items()},
        "tab": "people",
    }
    return render(request, "workbench/people.html", context)


@rule(roles=FIELD)
@require_GET
def person(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One customer: who, what to do, points, orders, what happened lately."""
    seen = visit(request)
    customer = customers.get_customer(customer_id, scope=seen.scope)
    found = facts.read(subject_ids=customer.subject_ids, names=timeline_names(), newest_first=True, limit=20)
    steward = customer.assignment.employee_id if customer.assignment else None
    wanted = work.TaskFilter(customer_id=customer.id, states=frozenset({TaskState.OPEN}))
    context: dict[str, Any] = {
        "customer": customer,
        "card": cards.cards_by_id([customer.id], at=seen.at, scope=seen.scope).get(customer.id),
        "steward": staff.employees_by_id([steward], at=seen.at).get(steward) if steward else None,
        "points": ledger.balance_detail(customer.id),
        "orders": commerce.orders_of(customer.id, size=5),
        "tasks": work.tasks(seen.scope, wanted, at=seen.at, size=10).items,
        "moments": moments(found),
        "stage_labels": {stage.value: label for stage, label in scoring.STAGE_LABELS.items()},
        "member_link": request.build_absolute_uri(member_link(customer.id)),
        "known_tags": customers.tag_names()[:12],
        "tab": "people",
    }
    return render(request, "workbench/person.html", context)


@rule(roles=FIELD)
@require_POST
def tag(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Put a tag on one customer, or take one off."""
    seen = visit(request)
    customer = customers.get_customer(customer_id, scope=seen.scope)
    name = request.POST.get("tag", "").strip()
    change = customers.untag if request.POST.get("remove") else customers.tag
    change([customer.id], name, at=seen.at, source=f"account:{seen.principal.user_id}")
    cards.refresh([customer.id], at=seen.at)
    return see_other(request, reverse("workbench:person", args=[customer.id]))
