"""客户: the list with its filters in the address, acting on many, taking it home as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.insights.cards import api as cards
from siyu.insights.scoring import api as scoring
from siyu.interfaces.console import columns
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import ALL, OPERATIONS, STORES, Visit, rule, see_other, spreadsheet, visit
from siyu.kit.errors import BadInput, NotFound
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

EXPORTERS = OPERATIONS | STORES | {Role.ANALYST}
TAGGERS = OPERATIONS | STORES | {Role.CLERK, Role.SERVICE}
MOST_EXPORTED = 100_000
PORTION = 500
"""Rows read at once for a file."""


@dataclass(frozen=True)
class Listing:
    """What the address of the list asks for; anything unknown in it is ignored."""

    search: str
    filters: tuple[cards.CardFilter, ...]
    sort: str
    values: dict[str, str]

    @property
    def narrowed(self) -> bool:
        """Whether anything narrows the list."""
        return bool(self.search or self.filters)


def listing(query: QueryDict) -> Listing:
    """Read search, filters and order from the address."""
    search = query.get("q", "").strip()[:100]
    wanted = query.get("sort", "")
    sort = wanted if wanted.removeprefix("-") in columns.SORTS else "-created_at"
    found: list[cards.CardFilter] = []
    values: dict[str, str] = {}

    def add(name: str, field: str, op: cards.Op, value: Any) -> None:
        found.append(cards.CardFilter(field, op, value))
        values[name] = query.get(name, "")

    stage = params.one_of(query.get("stage"), [one.value for one in scoring.Stage])
    if stage:
        add("stage", "stage", cards.Op.IS, stage)
    for name, field in (("unit", "unit_id"), ("employee", "employee_id")):
        value = params.number(query.get(name))
        if value is not None:
            add(name, field, cards.Op.IS, value)
    if query.get("employee") == "none":
        add("employee", "employee_id", cards.Op.EMPTY, None)
    if tag := query.get("tag", "").strip()[:64]:
        add("tag", "tags", cards.Op.HAS, tag)
    if query.get("friend") in ("yes", "no"):
        add(
            "friend",
            "friend_count",
            *((cards.Op.AT_LEAST, 1) if query["friend"] == "yes" else (cards.Op.IS, 0)),
        )
    for name, op in (("bought_within", cards.Op.WITHIN_DAYS), ("bought_over", cards.Op.OVER_DAYS)):
        days = params.number(query.get(name))
        if days is not None and 0 < days <= 36_500:
            add(name, "last_order_at", op, days)
    return Listing(search, tuple(found), sort, values)


def stores_in(seen: Visit) -> list[staff.UnitView]:
    """The stores of the organisation that lie in the reader's scope."""
    return [
        unit
        for unit in staff.unit_tree(seen.at)
        if unit.kind == staff.UnitKind.STORE and (seen.scope.all or unit.id in seen.scope.unit_ids)
    ]


def people_in(seen: Visit) -> list[staff.EmployeeView]:
    """The employees in the reader's scope, by store and name."""
    found = staff.employees(seen.at)
    if not seen.scope.all:
        found = [one for one in found if one.id in seen.scope.employee_ids]
    return sorted(found, key=lambda one: (one.unit_name, one.name))


@rule(roles=ALL)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The list of customers in scope."""
    seen = visit(request)
    asked = listing(request.GET)
    page = cards.list_cards(
        seen.scope,
        asked.filters,
        asked.sort,
        params.page_number(request),
        search=asked.search,
        at=seen.at,
    )
    context = {
        "page": page,
        "asked": asked,
        "columns": columns.chosen(request.GET.getlist("col")),
        "all_columns": columns.COLUMNS,
        "usual": ",".join(column.key for column in columns.chosen([])),
        "stages": [(stage.value, scoring.STAGE_LABELS[stage]) for stage in scoring.Stage],
        "stores": stores_in(seen),
        "employees": people_in(seen),
        "tags": customers.tag_names(),
        "may_export": seen.principal.role in EXPORTERS,
        "may_tag": seen.principal.role in TAGGERS,
        "query": request.GET.urlencode(),
    }
    return render(request, "console/customers.html", context)


@rule(roles=EXPORTERS)
@require_GET
def export(request: HttpRequest) -> HttpResponseBase:
    """The same list as CSV: the reader's scope, the filters of the address, phones masked.

    Where more customers fit than one file holds, a page says so first; the file that is taken anyway says
    it in its name and in its last row.
    """
    seen = visit(request)
    asked = listing(request.GET)
    found = cards.list_ids(
        seen.scope, asked.filters, asked.sort, limit=MOST_EXPORTED + 1, search=asked.search, at=seen.at
    )
    ids, cut = found[:MOST_EXPORTED], len(found) > MOST_EXPORTED
    if cut and "first" not in request.GET:
        context = {"most": MOST_EXPORTED, "query": request.GET.urlencode()}
        return render(request, "console/customers_too_many.html", context)
    shown = columns.chosen(request.GET.getlist("col"))
    detail = {"filters": asked.values, "search": bool(asked.search), "customers": len(ids), "cut": cut}
    foundation.audit(seen.principal, "customers.exported", "customers", 0, detail, at=seen.at)
    named = {"day": timezone.localtime(seen.at).strftime("%Y%m%d"), "n": MOST_EXPORTED}
    name = _("customers-%(day)s-first-%(n)d.csv") if cut else _("customers-%(day)s.csv")
    return spreadsheet(
        name % named,
        [_("Customer number"), _("Name"), _("Phone"), *(column.label for column in shown)],
        _rows(seen, ids, shown, cut=cut),
    )


def _rows(
    seen: Visit, ids: Sequence[int], shown: Sequence[columns.Column], *, cut: bool
) -> Iterator[list[object]]:
    """The cards, read in portions; one that was merged or erased since the file was asked for is left out."""
    for start in range(0, len(ids), PORTION):
        portion = ids[start : start + PORTION]
        found = cards.cards_by_id(portion, at=seen.at)
        for card in (found[number] for number in portion if number in found):
            yield [card.customer_id, card.name, card.phone_masked, *(column.cell(card) for column in shown)]
    if cut:
        told = _("Not complete: only the first %(n)d customers of the list; more fit. Narrow the filters.")
        yield [told % {"n": MOST_EXPORTED}]


@rule(roles=TAGGERS)
@require_POST
def tag(request: HttpRequest) -> HttpResponse:
    """Put a tag on the chosen customers, or take it off; one outside the scope answers 404 for all."""
    seen = visit(request)
    ids = params.chosen_ids(request.POST.getlist("id"))
    name = request.POST.get("tag", "").strip()
    if not name:
        raise BadInput("console.no_tag", _("Enter the name of a tag."))
    if customers.in_scope(ids, seen.scope) != set(ids):
        raise NotFound("customer.not_found")
    source = f"console:{seen.principal.user_id}"
    if request.POST.get("act") == "remove":
        changed = customers.untag(ids, name, at=seen.at, source=source)
        text = ngettext(
            "Tag “%(tag)s” taken off %(n)d customer.",
            "Tag “%(tag)s” taken off %(n)d customers.",
            len(changed),
        )
    else:
        changed = customers.tag(ids, name, at=seen.at, source=source)
        text = ngettext("%(n)d customer tagged “%(tag)s”.", "%(n)d customers tagged “%(tag)s”.", len(changed))
    foundation.audit(
        seen.principal,
        "customers.tagged" if request.POST.get("act") != "remove" else "customers.untagged",
        "customers",
        ids[0] if len(ids) == 1 else 0,
        {"tag": name, "chosen": len(ids), "changed": len(changed)},
        at=seen.at,
    )
    messages.success(request, text % {"tag": name, "n": len(changed)})
    return see_other(request, back(request, reverse("console:customers")))


def back(request: HttpRequest, default: str) -> str:
    """Where a small form returns to: the list as it was, its query read and written anew."""
    query = QueryDict(request.POST.get("query", "")[:2000]).urlencode()
    return f"{default}?{query}" if query else default
