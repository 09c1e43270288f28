"""会员页: what a customer sees of themselves on the phone. The signed link is the key."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from siyu.decisions.loyalty import api as loyalty
from siyu.interfaces.ui.api import brand, rule, see_other
from siyu.interfaces.ui.member_links import customer_of
from siyu.kit import clock
from siyu.kit.errors import BadInput, NotFound
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff

SIZE = 20
EVERY_CHANNEL = "*"
PROMOTIONAL = "promotional"
SIGNED = "the signed link in the address is checked before anything is shown"
View = Callable[[HttpRequest, customers.CustomerView, str], HttpResponse]


def member_page(view: View) -> Callable[[HttpRequest, str], HttpResponse]:
    """Open the link first: an altered, old or orphaned one gets a page that says what to do."""

    @never_cache
    @wraps(view)
    def run(request: HttpRequest, token: str) -> HttpResponse:
        try:
            customer = customers.get_customer(customer_of(token), scope=staff.EVERYTHING)
            if customer.erased:
                raise NotFound("customer.erased")
        except (BadInput, NotFound) as error:
            expired = error.code == "link.expired"
            return render(request, "portal/closed.html", {"expired": expired}, status=404)
        timezone.activate(brand().zone)
        return view(request, customer, token)

    return run


@rule(open_because=SIGNED)
@require_http_methods(["GET"])
@member_page
def home(request: HttpRequest, customer: customers.CustomerView, token: str) -> HttpResponse:
    """Points and their entries, orders, steward, how points are earned, the news switch."""
    at = clock.business_now()
    number = request.GET.get("page", "1")
    page = int(number) if number.isdecimal() and len(number) < 6 else 1
    steward = customer.assignment.employee_id if customer.assignment else None
    context: dict[str, Any] = {
        "token": token,
        "customer": customer,
        "brand": brand().name,
        "simulated": brand().simulated,
        "balance": ledger.balance_detail(customer.id),
        "entries": ledger.entries(customer.id, page=max(1, page), size=SIZE),
        "orders": commerce.orders_of(customer.id, size=5),
        "steward": staff.employees_by_id([steward], at=at).get(steward) if steward else None,
        "rule": loyalty.points_rule(at),
        "news": _wants_news(customer),
    }
    return render(request, "portal/home.html", context)


@rule(open_because=SIGNED)
@require_http_methods(["POST"])
@member_page
def news(request: HttpRequest, customer: customers.CustomerView, token: str) -> HttpResponse:
    """Say yes or no to campaign messages. The wanted state is sent, so a double tap changes nothing."""
    wanted = request.POST.get("wanted") == "yes"
    if wanted != _wants_news(customer):
        customers.set_consent(
            customer.id, EVERY_CHANNEL, PROMOTIONAL, wanted, at=clock.business_now(), evidence="member page"
        )
    return see_other(request, reverse("portal:home", args=[token]) + "#news")


def _wants_news(customer: customers.CustomerView) -> bool:
    """The customer's last word; who has said nothing may be written to within policy."""
    said = [
        consent.granted
        for consent in customer.consents
        if consent.channel == EVERY_CHANNEL and consent.purpose == PROMOTIONAL
    ]
    return said[0] if said else True
