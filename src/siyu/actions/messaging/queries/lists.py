"""Deliveries for pages and the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from siyu.actions.messaging.contracts import DeliveryFilter, DeliveryState, DeliveryView
from siyu.actions.messaging.models import Delivery
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.texts import reason_text
from siyu.foundation.api import array
from siyu.kit.errors import NotFound
from siyu.kit.pagination import Page
from siyu.records.customers import api as customers
from siyu.records.staff.api import Scope

CAP = 10_000
FEW = 20_000


def deliveries(
    scope: Scope, filters: DeliveryFilter | None = None, *, number: int = 1, size: int = 50
) -> Page[DeliveryView]:
    """Deliveries to customers in scope, latest planned first.

    They are counted up to 10,000; in a large scope, where each is looked up, no further than to the next page.
    """
    start, narrow = (number - 1) * size, filters or DeliveryFilter()
    few = None if scope.all else customers.few_in_scope(scope, FEW)
    if few is None:
        rows = _narrow(_in_scope(scope), narrow)
        counted = CAP + 1 if scope.all else start + size + 1
    else:
        rows, counted = _narrow(_among(few), narrow), CAP + 1
    ordered = rows.order_by("-planned_at", "-pk")
    if scope.all or few is not None:
        total = rows.order_by()[:counted].count()
    else:
        total = ordered[:counted].count()
    chosen = ordered[start : start + size]
    return Page([view_of(row) for row in chosen], min(total, CAP), number, size, total == counted)


def get_delivery(delivery_id: int, *, scope: Scope) -> DeliveryView:
    """One delivery; NotFound when there is none or its customer lies outside the scope."""
    row = _in_scope(scope).filter(pk=delivery_id).first()
    if row is None:
        raise NotFound("delivery.not_found")
    return view_of(row)


def visible_ids(delivery_ids: Sequence[int], *, scope: Scope) -> list[int]:
    """Those of the ids whose customers are in scope (before cancel, remind)."""
    return sorted(_in_scope(scope).filter(pk__in=list(delivery_ids)).values_list("pk", flat=True))


def ids_by_ref(channel: str, refs: Sequence[str]) -> dict[str, int]:
    """Deliveries by what the platform called them, for connectors that hear of results by callback."""
    rows = Delivery.objects.filter(channel=channel, ref__in=list(refs)).values_list("ref", "pk")
    return dict(rows)


def _in_scope(scope: Scope) -> QuerySet[Delivery]:
    rows = Delivery.objects.all()
    if scope.all:
        return rows
    condition, params = customers.scope_sql(scope, "actions_messaging_delivery.customer_id", each=True)
    return rows.extra(where=[condition], params=params)


def _among(customer_ids: Sequence[int]) -> QuerySet[Delivery]:
    """Deliveries to these customers; the list travels as one value."""
    condition = "actions_messaging_delivery.customer_id = ANY(%s::bigint[])"
    return Delivery.objects.extra(where=[condition], params=[array(customer_ids)])


def _narrow(rows: QuerySet[Delivery], filters: DeliveryFilter) -> QuerySet[Delivery]:
    exact: dict[str, Any] = {
        "channel": filters.channel,
        "kind": filters.kind,
        "purpose_key": filters.purpose_key,
        "customer_id": filters.customer_id,
        "employee_id": filters.employee_id,
        "planned_at__gte": filters.since,
        "planned_at__lt": filters.until,
    }
    rows = rows.filter(**{name: value for name, value in exact.items() if value not in ("", None)})
    if filters.states:
        rows = rows.filter(state__in=[state.value for state in filters.states])
    return rows


def view_of(row: Delivery) -> DeliveryView:
    """A row as pages see it."""
    channel = CHANNELS.find(row.channel)
    waits: datetime | None = row.due_at if row.state == DeliveryState.HELD.value else None
    return DeliveryView(
        id=row.pk,
        key=row.key,
        customer_id=row.customer_id,
        employee_id=row.employee_id,
        channel=row.channel,
        channel_label=channel.label if channel else row.channel,
        kind=row.kind,
        purpose_key=row.purpose_key,
        text=row.content["text"],
        state=DeliveryState(row.state),
        held_rule=row.held_rule,
        reason=reason_text(row.reason),
        due_at=row.planned_at,
        retry_at=waits,
        expires_at=row.expires_at,
        sent_at=row.sent_at,
        delivered_at=row.delivered_at,
        attempts=row.attempts,
        created_at=row.created_at,
    )
