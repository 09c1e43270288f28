"""Reading cards: one, several, or a page of a list. Every call makes a fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.insights.cards import rules
from siyu.insights.cards.contracts import CardFilter, CardView, FieldKind, Fragment, Op
from siyu.insights.cards.fields import FIELDS
from siyu.insights.cards.operations import RELATION
from siyu.insights.cards.traits import compile_trait, parse_filter
from siyu.kit.errors import BadInput, NotFound
from siyu.kit.pagination import Page
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from siyu.records.staff.contracts import Scope

COUNT_CAP = 30_000
PLAIN_COUNT_CAP = 100_000
RARE = 2_000
OFFSET_CAP = 10_000
SIZE_CAP = 200
SEARCH_TABLE = "insights_cards_cardsearch"

_COLUMNS = (
    "customer_id, name, avatar, phone_masked, employee_id, unit_id, friend_count, tags, channel, stage,"
    " stage_since, r, f, m, orders, spent_total, refunded_total, net_total, first_order_at, last_order_at,"
    " last_active_at, points_balance, created_at"
)


def list_cards(
    scope: Scope,
    filters: Sequence[CardFilter] = (),
    sort: str = "-created_at",
    page: int = 1,
    *,
    at: datetime,
    size: int = 50,
    search: str = "",
    restrict: Fragment | None = None,
) -> Page[CardView]:
    """A page of the customers in ``scope`` that pass every filter and the search.

    ``search`` is part of a name, the last four digits of a phone, or a whole phone number. ``sort`` is a
    field's name, with "-" before it for descending; ties go by customer id. ``total`` is exact up to
    30,000 and capped there (without filter and search at 100,000); pages reach 10,000 rows deep,
    beyond that narrow the filters.
    ``restrict`` is a further condition over the card ``c`` from another module's api.
    Raises BadInput for an unknown field, comparison, value, sort or page.
    """
    size = max(1, min(size, SIZE_CAP))
    if page < 1 or (page - 1) * size >= OFFSET_CAP:
        raise BadInput(
            "page_too_deep", _("The list is shown up to row 10,000; narrow the filters to see more.")
        )
    filtering = [_condition(f) for f in filters]
    if restrict is not None:
        filtering.append(restrict)
    sought = _search(search, scope)
    parts = [scope_fragment(scope), *filtering, *sought.listed]
    where = " AND ".join(f"({part.text})" for part in parts)
    params = [at, *(value for part in parts for value in part.params)]
    source = f"FROM {RELATION} c CROSS JOIN (SELECT %s::timestamptz AS as_of) t WHERE {where}"
    if scope.all and not filtering and sought.counted is not None:
        total, cap = _count(sought.counted.text, sought.counted.params, COUNT_CAP)
    else:
        total, cap = _count(source, params, COUNT_CAP if filtering or search.strip() else PLAIN_COUNT_CAP)
    rows = foundation.fetch(
        f"SELECT {_columns()} {source} ORDER BY {_order(sort)} LIMIT %s OFFSET %s",
        [*params, size, (page - 1) * size],
    )
    return Page(_views(rows, at), min(total, cap), page, size, total > cap)


def get_card(customer_id: int, *, scope: Scope, at: datetime) -> CardView:
    """The card of one customer; NotFound when there is none or it is out of scope."""
    card = cards_by_id([customer_id], at=at, scope=scope).get(customer_id)
    if card is None:
        raise NotFound("customer_not_found", _("There is no such customer."))
    return card


def cards_by_id(
    customer_ids: Iterable[int], *, at: datetime, scope: Scope | None = None
) -> dict[int, CardView]:
    """Cards of these customers, of those in ``scope`` where one is given."""
    part = scope_fragment(scope) if scope is not None else Fragment("TRUE")
    rows = foundation.fetch(
        f"SELECT {_columns()} FROM {RELATION} c WHERE c.customer_id = ANY(%s) AND ({part.text})",
        [sorted(set(customer_ids)), *part.params],
    )
    return {view.customer_id: view for view in _views(rows, at)}


def more_than(limit: int) -> bool:
    """Whether there are more cards than that; looks at no more."""
    [(found,)] = foundation.fetch(f"SELECT count(*) FROM (SELECT FROM {RELATION} LIMIT %s) n", [limit + 1])
    return bool(found > limit)


def scope_fragment(scope: Scope) -> Fragment:
    """The scope as a condition over the card ``c``: the one that records/customers defines."""
    if scope.all:
        return Fragment("TRUE")
    text, params = customers.scope_sql(scope, "c.customer_id")
    return Fragment(text, tuple(params))


def _columns() -> str:
    return ", ".join(f"c.{name.strip()}" for name in _COLUMNS.split(","))


def _count(source: str, params: Sequence[Any], cap: int) -> tuple[int, int]:
    """How many rows there are, looking at no more than one beyond ``cap``; and the cap."""
    return int(
        foundation.fetch(f"SELECT count(*) FROM (SELECT 1 {source} LIMIT {cap + 1}) n", params)[0][0]
    ), cap


def _condition(condition: CardFilter) -> Fragment:
    """A list's filter; tags are looked up in the search table, whose index the hot row does not carry."""
    checked = parse_filter(condition.field, condition.op, condition.value)
    compiled = compile_trait(checked)
    if FIELDS[checked.field].kind is FieldKind.TAGS and checked.op is Op.HAS:
        found = _rare(
            f"SELECT customer_id FROM {SEARCH_TABLE} WHERE tags @> ARRAY[%s]::text[]", [checked.value]
        )
        return found or compiled
    return compiled


def _rare(sql: str, params: list[Any]) -> Fragment | None:
    """The few customers a search finds as a condition; None when it finds many.

    Few are best fetched by their ids, many while walking the list in its order. The planner cannot tell
    which it will be from the contents of arrays, and guesses wrong by a factor of a thousand.
    """
    rows = foundation.fetch(f"SELECT customer_id FROM ({sql}) n LIMIT {RARE + 1}", params)
    if len(rows) > RARE:
        return None
    return Fragment("c.customer_id = ANY(%s::bigint[])", (foundation.array(row[0] for row in rows),))


@dataclass(frozen=True)
class _Sought:
    """A search as conditions of the list, and where the search table alone can count it, as its own source."""

    listed: tuple[Fragment, ...] = ()
    counted: Fragment | None = None


def _search(search: str, scope: Scope) -> _Sought:
    text = search.strip()[:100].replace("\0", "")
    if not text:
        return _Sought()
    phone = rules.as_phone(text)
    if phone:
        found = customers.find_customer(
            customers.IdentityRef(customers.IdentityKind.PHONE, phone), scope=scope
        )
        return _Sought((Fragment("c.customer_id = %s", (found or 0,)),))
    name = rules.normal_name(text)
    found_by = [f"SELECT customer_id FROM {SEARCH_TABLE} WHERE grams @> %s::text[]"]
    exact = ["strpos(lower(regexp_replace(c.name, '[[:space:]]', '', 'g')), %s) > 0"]
    params: list[Any] = [rules.query_grams(text)]
    checks: list[Any] = [name]
    if len(text) == 4 and text.isdigit():
        found_by.append(f"SELECT customer_id FROM {SEARCH_TABLE} WHERE phone_tail = %s")
        exact.append("right(c.phone_masked, 4) = %s")
        params.append(text)
        checks.append(text)
    few = _rare(" UNION ALL ".join(found_by), params)
    checked = Fragment(" OR ".join(exact), tuple(checks))
    if few is not None:
        return _Sought((few, checked))
    # up to three characters a run in the index is the search itself
    whole = (
        Fragment(f"FROM {SEARCH_TABLE} WHERE grams @> %s::text[]", (params[0],)) if len(name) <= 3 else None
    )
    return _Sought((checked,), whole)


def _order(sort: str) -> str:
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    field = FIELDS.get(name)
    if field is None or not field.sortable:
        raise BadInput("unknown_sort", _("The list cannot be sorted by “%(name)s”."), name=name[:50])
    direction = "DESC NULLS LAST" if descending else "ASC NULLS FIRST"
    return f"c.{name} {direction}, c.customer_id {'DESC' if descending else 'ASC'}"


def _views(rows: Sequence[Sequence[Any]], at: datetime) -> list[CardView]:
    """Rows of ``_COLUMNS`` with the names of employees and units, in one query each."""
    ids = {row[4] for row in rows if row[4] is not None}
    employees = {k: e.name for k, e in staff.employees_by_id(ids, at=at).items()} if ids else {}
    known = any(row[5] is not None for row in rows)
    units = {unit.id: unit.name for unit in staff.unit_tree(at, ended=True)} if known else {}
    return [_view(row, employees, units) for row in rows]


def _view(row: Sequence[Any], employees: Mapping[int, str], units: Mapping[int, str]) -> CardView:
    named = [
        *row[:5],
        employees.get(row[4], ""),
        row[5],
        units.get(row[5], ""),
        row[6],
        tuple(row[7]),
        *row[8:],
    ]
    return CardView(*named)
