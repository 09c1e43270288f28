"""待认领订单: orders whose buyer nobody knows yet, and giving one to its customer."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from siyu.foundation.api import Role
from siyu.insights.cards import api as cards
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import OPERATIONS, STORES, rule, see_other, visit
from siyu.kit.errors import NotFound
from siyu.records.commerce import api as commerce
from siyu.records.staff import api as staff

CLAIMERS = OPERATIONS | STORES | {Role.SERVICE}


@rule(roles=CLAIMERS)
@require_GET
def unmatched(request: HttpRequest) -> HttpResponse:
    """Orders that wait for their customer, with the share that each source could match."""
    seen = visit(request)
    rates = commerce.match_rates()
    source = params.one_of(request.GET.get("source"), [one.source for one in rates])
    page = commerce.unmatched(seen.scope, source=source, page=params.page_number(request))
    context = {
        "page": page,
        # Counted over the whole brand, so for readers of the whole brand only.
        "rates": [(one, one.matched / one.orders if one.orders else None) for one in rates if seen.scope.all],
        "source": source,
        "units": {unit.id: unit.name for unit in staff.unit_tree(seen.at, ended=True)},
    }
    return render(request, "console/unmatched.html", context)


@rule(roles=CLAIMERS)
@require_GET
def claim_form(request: HttpRequest, order_id: int) -> HttpResponse:
    """Look for the customer an order belongs to."""
    seen = visit(request)
    order = commerce.get_order(order_id, scope=seen.scope)
    search = request.GET.get("q", "").strip()[:100]
    found = (
        cards.list_cards(seen.scope, (), "-created_at", 1, size=8, search=search, at=seen.at).items
        if search
        else ()
    )
    part = "claim_found" if "q" in request.GET else "claim"
    return render(request, f"console/parts/{part}.html", {"order": order, "found": found, "search": search})


@rule(roles=CLAIMERS)
@require_POST
def claim(request: HttpRequest, order_id: int) -> HttpResponse:
    """Give the order to a customer in scope."""
    seen = visit(request)
    customer_id = params.number(request.POST.get("customer"))
    if customer_id is None:
        raise NotFound("customer.not_found")
    commerce.claim_order(order_id, customer_id, by=seen.principal, scope=seen.scope, at=seen.at)
    messages.success(request, _("The order now belongs to this customer; scores and points follow."))
    return see_other(request, reverse("console:unmatched"))
