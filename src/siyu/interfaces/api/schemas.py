"""Shapes of the public API. Money is in minor units (分), times are ISO 8601 with zone."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Generic, Literal, TypeVar

from ninja import Schema
from pydantic import BaseModel, ConfigDict, Field

T = TypeVar("T")

STORABLE = r"^[^\x00]*$"
"""What a text must look like to be stored or looked for: PostgreSQL keeps no NUL."""


class Problem(Schema):
    """Every error answer: a stable code, a sentence for the reader, and the fields concerned."""

    error: str
    message: str
    fields: dict[str, str] = {}


# Shapes that come by the thousand are plain pydantic: ninja's Schema asks each one in Python how to read it.


class Identity(BaseModel):
    """By what the sender knows the person."""

    model_config = ConfigDict(extra="forbid")
    kind: str = Field(max_length=40, examples=["phone", "unionid", "external_userid", "member_no"])
    value: str = Field(min_length=1, max_length=300)
    realm: str = Field("", max_length=120)


class Event(BaseModel):
    """One fact from outside. ``id`` is the sender's own and makes the event happen once."""

    model_config = ConfigDict(extra="forbid")
    id: str = Field(min_length=1, max_length=200)
    name: str = Field(max_length=80, examples=["trade.order_reported", "page.viewed"])
    occurred_at: datetime
    identity: Identity | None = None
    payload: dict[str, Any] = {}


class EventBatch(BaseModel):
    """Up to 1,000 events; each stands for itself."""

    model_config = ConfigDict(extra="forbid")
    events: list[Event] = Field(min_length=1, max_length=1000)


class EventResult(BaseModel):
    """What became of one event; a rejected one says why and may be mended and sent again."""

    id: str
    status: Literal["accepted", "duplicate", "rejected"]
    error: str | None = None
    message: str | None = None
    field: str | None = None


class EventAnswer(BaseModel):
    """One result for each event, in the order sent, and their counts."""

    accepted: int
    duplicate: int
    rejected: int
    results: list[EventResult]


class ListOf(Schema, Generic[T]):
    """One page of a list; ``total`` may be a lower bound where ``capped``."""

    items: list[T]
    total: int
    capped: bool
    page: int
    size: int


class Customer(Schema):
    """A customer as lists show it; phones are masked, ``spent`` and ``refunded`` are in the smallest unit of ``currency``."""

    id: int
    name: str
    phone: str
    employee_id: int | None
    employee_name: str
    unit_id: int | None
    unit_name: str
    friend_count: int
    tags: list[str]
    channel: str
    stage: str
    r: int | None
    f: int | None
    m: int | None
    orders: int
    currency: str
    spent: int
    refunded: int
    first_order_at: datetime | None
    last_order_at: datetime | None
    points: int
    created_at: datetime


class TimelineItem(Schema):
    """One fact of a customer."""

    id: int
    name: str
    occurred_at: datetime
    origin: str


class CustomerDetail(Customer):
    """A customer with identities (masked) and what happened lately."""

    identities: list[str]
    timeline: list[TimelineItem]


class OrderLine(Schema):
    """One line of an order."""

    line_no: int
    sku: str
    name: str
    quantity: int
    amount: int
    refunded_amount: int


class Order(Schema):
    """An order; without customer it waits to be claimed."""

    id: int
    source: str
    order_no: str
    customer_id: int | None
    unit_id: int | None
    employee_id: int | None
    paid_at: datetime
    currency: str
    amount: int
    refunded_amount: int
    state: str
    lines: list[OrderLine]


class PointsEntry(Schema):
    """One movement of points."""

    at: datetime
    kind: str
    amount: int
    memo: str


class Points(Schema):
    """A customer's points."""

    balance: int
    entries: list[PointsEntry]
    total: int


class Segment(Schema):
    """A segment with its definition and how many are in it now."""

    id: int
    name: str
    definition: dict[str, Any]
    members: int


class Member(Schema):
    """One customer in a segment."""

    customer_id: int
    name: str


TagName = Annotated[str, Field(pattern=STORABLE, max_length=200)]


class TagRequest(Schema):
    """Tags to put on, or take off, one customer."""

    model_config = ConfigDict(extra="forbid")
    add: list[TagName] = Field([], max_length=20)
    remove: list[TagName] = Field([], max_length=20)
