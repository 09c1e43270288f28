"""Reading cards: one or several, in a fixed number of queries. Lists are in ``listing``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.insights.cards.contracts import CardView, Fragment
from siyu.insights.cards.operations import RELATION
from siyu.kit.errors import NotFound
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from siyu.records.staff.contracts import Scope

SAMPLED = "(hashint8extended(c.customer_id, 7) & 255) = 0"
SAMPLE = 256
EXACTLY = 50_000

_COLUMNS = (
    "customer_id, name, avatar, phone_masked, employee_id, unit_id, friend_count, tags, channel, stage,"
    " stage_since, r, f, m, orders, spent_total, refunded_total, net_total, first_order_at, last_order_at,"
    " last_active_at, points_balance, created_at"
)


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
    part = scope_fragment(scope, each=True) if scope is not None else Fragment("TRUE")
    rows = foundation.fetch(
        f"SELECT {_columns()} FROM {RELATION} c WHERE c.customer_id = ANY(%s) AND ({part.text})",
        [sorted(set(customer_ids)), *part.params],
    )
    return {view.customer_id: view for view in views(rows, at)}


def more_than(limit: int) -> bool:
    """Whether there are more cards than that; looks at no more. Beyond 50,000 the sample answers, about right."""
    only, limit = (f" WHERE {SAMPLED}", limit // SAMPLE) if limit > EXACTLY else ("", limit)
    [(found,)] = foundation.fetch(
        f"SELECT count(*) FROM (SELECT FROM {RELATION} c{only} LIMIT %s) n", [limit + 1]
    )
    return bool(found > limit)


def scope_fragment(scope: Scope, *, each: bool = False, small: bool = False) -> Fragment:
    """The scope as a condition over the card ``c``: the one that records/customers defines, in each of its shapes."""
    if scope.all:
        return Fragment("TRUE")
    text, params = customers.scope_sql(scope, "c.customer_id", each=each, small=small)
    return Fragment(text, tuple(params))


def _columns() -> str:
    return ", ".join(f"c.{name.strip()}" for name in _COLUMNS.split(","))


def views(rows: Sequence[Sequence[Any]], at: datetime) -> list[CardView]:
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
