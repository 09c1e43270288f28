"""The routes of REST v1; thin, they compose the modules' doors with the key's scope.

No postponed annotations here: ninja must find real types behind a decorator of another module.
"""

from dataclasses import asdict
from typing import Annotated, Any, TypeVar

from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Path, Query

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments import api as segments
from siyu.interfaces.api import errors
from siyu.interfaces.api.auth import READERS, WRITERS, ApiKey, principal_of
from siyu.interfaces.api.idempotency import idempotent
from siyu.interfaces.api.ingest import ingest
from siyu.interfaces.api.parser import QuickParser
from siyu.interfaces.api.schemas import (
    STORABLE,
    Customer,
    CustomerDetail,
    EventAnswer,
    EventBatch,
    ListOf,
    Member,
    Order,
    Points,
    PointsEntry,
    Problem,
    Segment,
    TagRequest,
    TimelineItem,
)
from siyu.kit import clock
from siyu.kit.pagination import Page
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff

T = TypeVar("T")
READ = ApiKey(READERS)
WRITE = ApiKey(WRITERS)
REFUSED: dict[int, Any] = dict.fromkeys((401, 403, 422), Problem)
MISSING: dict[int, Any] = {**REFUSED, 404: Problem}

Number = Annotated[int, Query(1, ge=1, le=100_000)]
Size = Annotated[int, Query(50, ge=1, le=200)]
Id = Annotated[int, Path(..., ge=1, le=2**62)]

api = NinjaAPI(
    title="siyu",
    version="1",
    description="Events in, customers, orders, points and segments out. Money in the smallest unit of its currency (分 for CNY), times in ISO 8601.",
    docs_url=None,
    urls_namespace="api-1",
    parser=QuickParser(),
)
errors.install(api)


def _scope(request: HttpRequest) -> staff.Scope:
    return staff.resolve_scope(principal_of(request), at=clock.business_now())


def _list(page: Page[Any], items: list[T]) -> ListOf[T]:
    return ListOf(items=items, total=page.total, capped=page.capped, page=page.number, size=page.size)


@api.post("events", auth=WRITE, response={200: EventAnswer, **REFUSED, 409: Problem, 413: Problem})
@idempotent
def post_events(request: HttpRequest, batch: EventBatch) -> HttpResponse:
    """Record up to 1,000 events, each on its own: accepted, duplicate or rejected with a reason."""
    key_id = principal_of(request).key_id
    answer = ingest(batch.events, source=f"api:{key_id}", at=clock.business_now())
    return HttpResponse(answer, content_type="application/json; charset=utf-8")


def _customer(card: cards.CardView, currency: str) -> dict[str, Any]:
    named_otherwise = {
        "id": card.customer_id,
        "phone": card.phone_masked,
        "currency": currency,
        "spent": card.spent_total,
        "refunded": card.refunded_total,
        "points": card.points_balance,
    }
    return named_otherwise | {
        name: getattr(card, name) for name in Customer.model_fields if name not in named_otherwise
    }


@api.get("customers", auth=READ, response={200: ListOf[Customer], **REFUSED})
def get_customers(
    request: HttpRequest,
    search: Annotated[str, Query("", max_length=100, pattern=STORABLE)],
    sort: Annotated[str, Query("-created_at", max_length=40, pattern=STORABLE)],
    page: Number,
    size: Size,
) -> ListOf[Customer]:
    """Customers in the key's scope; ``search`` matches name, phone or its tail; ``sort`` a field or -field."""
    found = cards.list_cards(
        _scope(request), (), sort, page, at=clock.business_now(), size=size, search=search
    )
    currency = foundation.brand_currency()
    return _list(found, [Customer(**_customer(card, currency)) for card in found.items])


@api.get("customers/{customer_id}", auth=READ, response={200: CustomerDetail, **MISSING})
def get_customer(request: HttpRequest, customer_id: Id) -> CustomerDetail:
    """One customer with masked identities and the latest facts."""
    scope = _scope(request)
    person = customers.get_customer(customer_id, scope=scope)
    card = cards.get_card(person.id, scope=scope, at=clock.business_now())
    timeline = facts.read(subject_ids=person.subject_ids, newest_first=True, limit=50)
    return CustomerDetail(
        **_customer(card, foundation.brand_currency()),
        identities=[f"{identity.kind}:{identity.masked}" for identity in person.identities],
        timeline=[
            TimelineItem(id=fact.id, name=fact.name, occurred_at=fact.occurred_at, origin=fact.origin)
            for fact in timeline
        ],
    )


@api.post(
    "customers/{customer_id}/tags",
    auth=WRITE,
    response={200: CustomerDetail, **MISSING, 409: Problem, 413: Problem},
)
@idempotent
def post_tags(request: HttpRequest, customer_id: Id, change: TagRequest) -> CustomerDetail:
    """Put tags on one customer and take others off."""
    person = customers.get_customer(customer_id, scope=_scope(request))
    at, source = clock.business_now(), f"api:{principal_of(request).key_id}"
    for name in change.add:
        customers.tag([person.id], name, at=at, source=source)
    for name in change.remove:
        customers.untag([person.id], name, at=at, source=source)
    foundation.audit(
        principal_of(request), "customer.tags_changed", "customer", person.id, change.model_dump(), at=at
    )
    cards.refresh([person.id], at=at)
    return get_customer(request, customer_id)


@api.get("customers/{customer_id}/points", auth=READ, response={200: Points, **MISSING})
def get_points(request: HttpRequest, customer_id: Id, page: Number, size: Size) -> Points:
    """A customer's points and their movements, newest first."""
    person = customers.get_customer(customer_id, scope=_scope(request))
    found = ledger.entries(person.id, page=page, size=size)
    return Points(
        balance=ledger.balance(person.id),
        entries=[
            PointsEntry(at=entry.at, kind=entry.kind, amount=entry.amount, memo=entry.memo)
            for entry in found.items
        ],
        total=found.total,
    )


@api.get("customers/{customer_id}/orders", auth=READ, response={200: ListOf[Order], **MISSING})
def get_customer_orders(request: HttpRequest, customer_id: Id, page: Number, size: Size) -> ListOf[Order]:
    """A customer's orders with lines, latest paid first."""
    person = customers.get_customer(customer_id, scope=_scope(request))
    found = commerce.orders_of(person.id, page=page, size=size)
    return _list(found, [_order(order) for order in found.items])


@api.get("orders", auth=READ, response={200: ListOf[Order], **REFUSED})
def get_orders(
    request: HttpRequest,
    source: Annotated[str, Query("", max_length=80, pattern=STORABLE)],
    order_no: Annotated[str, Query("", max_length=100, pattern=STORABLE)],
    unclaimed: Annotated[bool, Query(False)],
    page: Number,
    size: Size,
) -> ListOf[Order]:
    """Orders in the key's scope, latest paid first, without lines."""
    filters = commerce.OrderFilter(source=source, text=order_no, claimed=False if unclaimed else None)
    found = commerce.orders(_scope(request), filters, page=page, size=size)
    return _list(found, [_order(order) for order in found.items])


def _order(order: commerce.OrderView) -> Order:
    data = asdict(order)
    return Order(**{name: data[name] for name in Order.model_fields})


@api.get("segments", auth=READ, response={200: list[Segment], **REFUSED})
def get_segments(request: HttpRequest) -> list[Segment]:
    """Segments with their definition and how many of the key's scope are in each."""
    return [
        Segment(
            id=segment.id, name=segment.name, definition=dict(segment.definition), members=segment.members
        )
        for segment in segments.segments(scope=_scope(request))
    ]


@api.get("segments/{segment_id}/members", auth=READ, response={200: ListOf[Member], **MISSING})
def get_members(request: HttpRequest, segment_id: Id, page: Number, size: Size) -> ListOf[Member]:
    """Who of the key's scope is in a segment now."""
    scope = _scope(request)
    segments.get_segment(segment_id, scope=scope)
    found = segments.members(segment_id, scope=scope, at=clock.business_now(), page=page, size=size)
    return _list(found, [Member(customer_id=card.customer_id, name=card.name) for card in found.items])
