"""One customer: who, served by whom, scored how, in which segments and why, and all that happened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from siyu.actions.messaging import api as messaging
from siyu.actions.work import api as work
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.scoring import api as scoring
from siyu.insights.segments import api as segments
from siyu.interfaces.console.views import merging, params, personal
from siyu.interfaces.console.views.customers import TAGGERS, people_in
from siyu.interfaces.ui.api import ALL, OPERATIONS, STORES, Visit, rule, see_other, visit
from siyu.interfaces.ui.timeline import Moment, moments, timeline_names
from siyu.kit.errors import BadInput, NotFound
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff

ASSIGNERS = OPERATIONS | STORES
PAGE = 30


def timeline(
    customer: customers.CustomerView, before: tuple[datetime, int] | None
) -> tuple[list[Moment], str]:
    """The newest facts about a customer that are for reading; and where the next older page begins ("" = the end)."""
    found = facts.read(
        subject_ids=customer.subject_ids,
        names=timeline_names(),
        before=before,
        newest_first=True,
        limit=PAGE + 1,
    )
    last = found[PAGE - 1] if len(found) > PAGE else None
    more = f"{last.occurred_at.isoformat()}_{last.id}" if last else ""
    return moments(found[:PAGE]), more


@dataclass(frozen=True)
class Tab:
    """One part of the page, with how to fetch what it shows."""

    key: str
    label: Promise
    fill: Callable[[HttpRequest, Visit, customers.CustomerView], dict[str, Any]]


def _timeline_tab(request: HttpRequest, seen: Visit, customer: customers.CustomerView) -> dict[str, Any]:
    moments, more = timeline(customer, _place(request.GET.get("before")))
    told = [getattr(one.fact.payload, "employee_id", None) for one in moments]
    named = staff.employees_by_id([number for number in told if isinstance(number, int)], at=seen.at)
    rows = [(one, named.get(number or 0)) for one, number in zip(moments, told, strict=True)]
    return {"moments": rows, "more": more}


def _place(text: str | None) -> tuple[datetime, int] | None:
    """Where the reader is in the timeline, as the "older" button carries it."""
    moment, _sep, number = (text or "").partition("_")
    fact_id = params.number(number)
    try:
        found = datetime.fromisoformat(moment)
    except ValueError:
        return None
    return (found, fact_id) if found.tzinfo is not None and fact_id is not None else None


def _orders_tab(request: HttpRequest, seen: Visit, customer: customers.CustomerView) -> dict[str, Any]:
    page = commerce.orders_of(customer.id, page=params.page_number(request))
    units = {unit.id: unit.name for unit in staff.unit_tree(seen.at, ended=True)}
    clerks = staff.employees_by_id({one.employee_id for one in page.items if one.employee_id}, at=seen.at)
    return {"page": page, "units": units, "clerks": clerks}


def _points_tab(request: HttpRequest, seen: Visit, customer: customers.CustomerView) -> dict[str, Any]:
    return {
        "balance": ledger.balance_detail(customer.id),
        "page": ledger.entries(customer.id, page=params.page_number(request)),
    }


def _deliveries_tab(request: HttpRequest, seen: Visit, customer: customers.CustomerView) -> dict[str, Any]:
    wanted = messaging.DeliveryFilter(customer_id=customer.id)
    page = messaging.deliveries(seen.scope, wanted, number=params.page_number(request))
    return {"page": page, "runs": journeys.enrolments(seen.scope, customer_id=customer.id).items}


def _tasks_tab(request: HttpRequest, seen: Visit, customer: customers.CustomerView) -> dict[str, Any]:
    wanted = work.TaskFilter(customer_id=customer.id)
    page = work.tasks(seen.scope, wanted, at=seen.at, number=params.page_number(request))
    return {
        "page": page,
        "clerks": staff.employees_by_id({one.employee_id for one in page.items}, at=seen.at),
    }


TABS = (
    Tab("timeline", gettext_lazy("Timeline"), _timeline_tab),
    Tab("orders", gettext_lazy("Orders"), _orders_tab),
    Tab("points", gettext_lazy("Points"), _points_tab),
    Tab("deliveries", gettext_lazy("Messages"), _deliveries_tab),
    Tab("tasks", gettext_lazy("Tasks"), _tasks_tab),
)


@rule(roles=ALL)
@require_GET
def customer(request: HttpRequest, customer_id: int) -> HttpResponse:
    """One customer with one open tab; HTMX gets the tab alone."""
    seen = visit(request)
    person = customers.get_customer(customer_id, scope=seen.scope)
    tab = next((one for one in TABS if one.key == request.GET.get("tab")), TABS[0])
    context: dict[str, Any] = {
        "customer": person,
        "tab": tab,
        "tabs": TABS,
        **tab.fill(request, seen, person),
    }
    if request.headers.get("HX-Request"):
        part = "timeline_rows" if tab.key == "timeline" and request.GET.get("before") else f"tab_{tab.key}"
        return render(request, f"console/customer/{part}.html", context)
    wanted = {one.employee_id for one in person.assignments} | {one.employee_id for one in person.contacts}
    stewards = staff.employees_by_id(wanted, at=seen.at)
    context |= {
        "card": cards.cards_by_id([person.id], at=seen.at, scope=seen.scope).get(person.id),
        "employees": stewards,
        "steward": stewards.get(person.assignment.employee_id) if person.assignment else None,
        "memberships": segments.memberships(person.id, scope=seen.scope),
        "points": ledger.balance_detail(person.id),
        "snapshot": scoring.current_snapshot(),
        "may_tag": seen.principal.role in TAGGERS and not person.erased,
        "may_assign": seen.principal.role in ASSIGNERS and not person.erased,
        "may_decide": seen.principal.role in merging.DECIDERS,
        "may_keep": seen.principal.role in personal.KEEPERS,
    }
    return render(request, "console/customer/page.html", context)


@rule(roles=ALL)
@require_GET
def why(request: HttpRequest, customer_id: int, segment_id: int) -> HttpResponse:
    """为何在内: each condition of the segment, what was found, and since which fact."""
    seen = visit(request)
    person = customers.get_customer(customer_id, scope=seen.scope)
    context = {
        "customer": person,
        "segment": segments.get_segment(segment_id, scope=seen.scope),
        "explanation": segments.explain(segment_id, person.id, scope=seen.scope, at=seen.at),
    }
    return render(request, "console/customer/why.html", context)


@rule(roles=TAGGERS)
@require_POST
def customer_tag(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Add or remove one tag of one customer."""
    seen = visit(request)
    person = customers.living_customer(customer_id, scope=seen.scope)
    name = request.POST.get("tag", "").strip()
    if not name:
        raise BadInput("console.no_tag", _("Enter the name of a tag."))
    source = f"console:{seen.principal.user_id}"
    removing = request.POST.get("act") == "remove"
    change = customers.untag if removing else customers.tag
    changed = change([person.id], name, at=seen.at, source=source)
    if changed:
        verb = "customers.untagged" if removing else "customers.tagged"
        foundation.audit(seen.principal, verb, "customers", person.id, {"tag": name}, at=seen.at)
    messages.success(request, _("Tag removed.") if removing else _("Tag added."))
    return see_other(request, reverse("console:customer", args=[person.id]))


@rule(roles=ASSIGNERS)
@require_GET
def assign_form(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Choose a new 专属导购."""
    seen = visit(request)
    person = customers.living_customer(customer_id, scope=seen.scope)
    return render(request, "console/customer/assign.html", {"customer": person, "people": people_in(seen)})


@rule(roles=ASSIGNERS)
@require_POST
def assign(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Give the customer a new 专属导购 from the reader's scope; the history stays."""
    seen = visit(request)
    person = customers.living_customer(customer_id, scope=seen.scope)
    employee_id = params.number(request.POST.get("employee"))
    if employee_id not in {one.id for one in people_in(seen)} or employee_id is None:
        raise NotFound("employee.not_found")
    reason = request.POST.get("reason", "").strip()[:200] or _("Assigned in the console")
    customers.assign([person.id], employee_id, at=seen.at, reason=reason, by=seen.principal)
    messages.success(request, _("The steward has changed."))
    return see_other(request, reverse("console:customer", args=[person.id]))
