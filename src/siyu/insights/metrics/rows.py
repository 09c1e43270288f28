"""The rows behind a number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.insights.metrics import counting, rules
from siyu.insights.metrics.contracts import MetricRow
from siyu.insights.metrics.queries import definition_of
from siyu.kit.pagination import Page
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff.contracts import Scope

# metric → (kind of entry, what else must hold, scope by employee or by customer)
_ENTRIES: dict[str, tuple[str, str, Callable[[Scope], tuple[str, list[Any]]]]] = {
    "new_customers": (rules.FRIEND_ADDED, counting.FIRST_TIME, counting.employee_scope),
    "lost_customers": (rules.FRIEND_LOST, "TRUE", counting.employee_scope),
    "task_completion": (rules.TASK_DUE, counting.DONE_IN_TIME, counting.employee_scope),
    "welcome_delivered": (rules.WELCOME_DUE, counting.WELCOMED, counting.employee_scope),
    "points_granted": (rules.POINTS_GRANTED, "TRUE", counting.customer_scope),
}


def rows(key: str, *, scope: Scope, day: date, page: int = 1, size: int = 50) -> Page[MetricRow]:
    """The rows behind the numerator of one metric and day, latest first; their amounts sum up to it.

    For repurchase: all orders of known buyers within the 30 days (the denominator's rows).
    """
    definition = definition_of(key)
    page, size = max(1, page), max(1, min(size, 200))
    if definition.rows == "order":
        return _orders(key, scope, day, page, size)
    if key not in _ENTRIES:
        return Page([], 0, page, size)
    kind, only, scoped = _ENTRIES[key]
    where, params = scoped(scope)
    source = f"FROM {counting.ENTRY} e WHERE e.kind = %s AND e.day = %s AND {where} AND {only}"
    values = [kind, day, *params]
    total = foundation.fetch(f"SELECT count(*) {source}", values)[0][0]
    found = foundation.fetch(
        f"SELECT e.fact_id, e.ref, e.occurred_at, e.subject_id, e.amount {source}"
        " ORDER BY e.occurred_at DESC, e.fact_id DESC LIMIT %s OFFSET %s",
        [*values, size, (page - 1) * size],
    )
    people = customers.customers_of({row[3] for row in found if row[3] is not None})
    items = [
        MetricRow(definition.rows, ref or fact_id, moment, people.get(subject), str(definition.label), amount)
        for fact_id, ref, moment, subject, amount in found
    ]
    return Page(items, total, page, size)


def _orders(key: str, scope: Scope, day: date, page: int, size: int) -> Page[MetricRow]:
    if key == "sales":
        return _sales(scope, day, page, size)
    first = day - timedelta(days=counting.REPURCHASE_DAYS - 1)
    found = commerce.orders(
        scope, commerce.OrderFilter(first_day=first, last_day=day, claimed=True), page=page, size=size
    )
    return Page([_order(order) for order in found.items], found.total, page, size)


def _sales(scope: Scope, day: date, page: int, size: int) -> Page[MetricRow]:
    """Orders paid and refunds made on the day, latest first."""
    start = datetime.combine(day, time(), foundation.brand_zone())
    found = commerce.movements(
        scope, start=start, end=start + timedelta(days=1), known_buyers=True, page=page, size=size
    )
    return Page(
        [
            MetricRow(
                "order",
                m.order_id,
                m.at,
                m.customer_id,
                _("Refund") if m.amount < 0 else m.order_no,
                m.amount,
            )
            for m in found.items
        ],
        found.total,
        page,
        size,
    )


def _order(order: commerce.OrderView) -> MetricRow:
    return MetricRow("order", order.id, order.paid_at, order.customer_id, order.order_no, order.net_amount)
