"""Lists of orders and one order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation
from siyu.kit.errors import NotFound
from siyu.kit.pagination import Page
from siyu.records.commerce.contracts import (
    LineView,
    OrderFilter,
    OrderState,
    OrderView,
    RefundView,
)
from siyu.records.commerce.models import Order, OrderLine, Refund, RefundLine
from siyu.records.commerce.rules import state_of
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

NO_FILTER = OrderFilter()


def orders(
    scope: staff.Scope, filters: OrderFilter = NO_FILTER, *, page: int = 1, size: int = 50
) -> Page[OrderView]:
    """Orders within scope, latest paid first, without lines.

    An order lies in scope when its store or its clerk does; orders of no store are seen by those who
    see everything.
    """
    found = _filtered(Order.objects.filter(scoped(scope)), filters)
    return _page(found, page, size)


def unmatched(scope: staff.Scope, *, source: str = "", page: int = 1, size: int = 50) -> Page[OrderView]:
    """Orders that wait to be claimed (待认领), latest paid first."""
    return orders(scope, OrderFilter(source=source, claimed=False), page=page, size=size)


def orders_of(customer_id: int, *, page: int = 1, size: int = 20) -> Page[OrderView]:
    """All orders of one customer, latest paid first, with lines and refunds.

    The caller has asked for the customer within the reader's scope before. A merged id answers for
    the kept customer.
    """
    current = customers.current_ids([customer_id]).get(customer_id, customer_id)
    return _page(Order.objects.filter(customer_id=current), page, size, whole=True)


def get_order(order_id: int, *, scope: staff.Scope) -> OrderView:
    """One order with lines and refunds. Raises NotFound when unknown or out of scope."""
    row = Order.objects.filter(scoped(scope), pk=order_id).first()
    if row is None:
        raise NotFound("order.unknown", _("There is no such order."))
    return _views([row], whole=True)[0]


def orders_by_id(order_ids: Iterable[int]) -> dict[int, OrderView]:
    """Orders by id, without lines, unscoped: for modules, not for readers."""
    rows = Order.objects.filter(pk__in=list(order_ids))
    return {view.id: view for view in _views(list(rows), whole=False)}


def scoped(scope: staff.Scope) -> Q:
    """The condition by which an order lies in scope: its store does, or its clerk."""
    if scope.all:
        return Q()
    return Q(unit_id__in=scope.unit_ids) | Q(employee_id__in=scope.employee_ids)


def _filtered(found: QuerySet[Order], filters: OrderFilter) -> QuerySet[Order]:
    wanted: dict[str, Any] = {}
    if filters.source:
        wanted["source"] = filters.source
    if filters.text:
        wanted["order_no__startswith"] = filters.text.strip()
    if filters.unit_id is not None:
        wanted["unit_id"] = filters.unit_id
    if filters.employee_id is not None:
        wanted["employee_id"] = filters.employee_id
    if filters.first_day is not None or filters.last_day is not None:
        zone = foundation.brand_zone()
        if filters.first_day is not None:
            wanted["paid_at__gte"] = datetime.combine(filters.first_day, time(), zone)
        if filters.last_day is not None:
            wanted["paid_at__lt"] = datetime.combine(filters.last_day + timedelta(days=1), time(), zone)
    if filters.claimed is not None:
        wanted["customer_id__isnull"] = not filters.claimed
    return _in_state(found.filter(**wanted), filters.state)


def _in_state(found: QuerySet[Order], state: OrderState | None) -> QuerySet[Order]:
    if state is OrderState.PAID:
        return found.filter(refunded_amount=0)
    if state is OrderState.REFUNDED:
        return found.filter(refunded_amount__gt=0).extra(where=["refunded_amount = amount"])
    if state is OrderState.PARTLY_REFUNDED:
        return found.filter(refunded_amount__gt=0).extra(where=["refunded_amount < amount"])
    return found


def _page(found: QuerySet[Order], page: int, size: int, *, whole: bool = False) -> Page[OrderView]:
    page = max(1, page)
    start = (page - 1) * size
    rows = list(found.order_by("-paid_at", "-id")[start : start + size])
    return Page(_views(rows, whole=whole), found.count(), page, size)


def _views(rows: list[Order], *, whole: bool) -> list[OrderView]:
    ids = [row.pk for row in rows]
    lines = _lines(ids) if whole else {}
    refunds: dict[int, list[RefundView]] = {}
    if whole:
        for refund in Refund.objects.filter(order_id__in=ids, state="applied").order_by("refunded_at", "id"):
            refunds.setdefault(refund.order_id or 0, []).append(
                RefundView(refund.pk, refund.refund_no, refund.amount, refund.refunded_at)
            )
    return [
        OrderView(
            id=row.pk, source=row.source, order_no=row.order_no, customer_id=row.customer_id,
            subject_id=row.subject_id, unit_id=row.unit_id, employee_id=row.employee_id, paid_at=row.paid_at,
            currency=row.currency, amount=row.amount, refunded_amount=row.refunded_amount,
            state=state_of(row.amount, row.refunded_amount), buyer_hint=row.buyer_hint, backfill=row.backfill,
            lines=tuple(lines.get(row.pk, ())), refunds=tuple(refunds.get(row.pk, ())),
        )
        for row in rows
    ]  # fmt: skip


def _lines(order_ids: list[int]) -> dict[int, list[LineView]]:
    back: dict[tuple[int, int], tuple[int, int]] = {}
    for gone in RefundLine.objects.filter(
        refund__order_id__in=order_ids, refund__state="applied"
    ).select_related("refund"):
        key = (gone.refund.order_id or 0, gone.line_no)
        quantity, amount = back.get(key, (0, 0))
        back[key] = (quantity + gone.quantity, amount + gone.amount)
    found: dict[int, list[LineView]] = {}
    for line in (
        OrderLine.objects.filter(order_id__in=order_ids).select_related("sku").order_by("order_id", "line_no")
    ):
        found.setdefault(line.order_id, []).append(
            LineView(
                line.line_no, line.sku.code if line.sku else "", line.name, line.quantity, line.amount,
                *back.get((line.order_id, line.line_no), (0, 0)),
            )
        )  # fmt: skip
    return found
