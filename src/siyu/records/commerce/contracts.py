"""What crosses the door of commerce: orders, refunds, the answers to them, and their facts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from siyu.facts.api import Fact, FactType


class OrderState(StrEnum):
    """Follows from the refunds: nothing, a part or everything was given back."""

    PAID = "paid"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"


class Outcome(StrEnum):
    """What became of one order or refund of a batch."""

    NEW = "new"
    SAME = "same"
    CHANGED = "changed"  # a later report of a known order differs; the record follows it
    WAITING = "waiting"  # refund of an order that has not arrived yet; applied when it does
    REJECTED = "rejected"  # ``reason`` says why; nothing was changed


class Reject(StrEnum):
    """Why an order or refund was refused (codes; the reader's words are in ``describe_reject``)."""

    NO_NUMBER = "no_number"
    NEGATIVE = "negative"
    NO_LINES = "no_lines"
    DUPLICATE_LINE = "duplicate_line"
    OTHER_CURRENCY = "other_currency"  # not the brand's: amounts of two currencies are never added up
    BELOW_REFUNDED = "below_refunded"
    ABOVE_PAID = "above_paid"
    OTHER_REFUND = "other_refund"  # this refund number is known with another amount


@dataclass(frozen=True, slots=True)
class LineSpec:
    """One line; ``amount`` in 分 is what was paid for the whole line."""

    line_no: int
    sku: str
    name: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class OrderSpec:
    """An order as a source reports it. ``source`` and ``order_no`` together are its key.

    ``subject_id`` is the buyer as far as known; None makes an unknown buyer who is known by the
    order number only, and the order waits to be claimed. ``amount`` None means the sum of the lines.
    ``reported_at`` decides between two reports of one order: the later one stands. ``currency`` empty
    means the brand's.
    """

    source: str
    order_no: str
    paid_at: datetime
    lines: tuple[LineSpec, ...]
    reported_at: datetime
    subject_id: int | None = None
    unit_id: int | None = None
    employee_id: int | None = None
    amount: int | None = None
    currency: str = ""
    buyer_hint: str = ""  # as the source shows the buyer, masked: "张** 138****4145"
    cause: Fact | None = None


@dataclass(frozen=True, slots=True)
class OrderResult:
    """Answer for one order, in the order of the batch."""

    outcome: Outcome
    order_id: int | None = None
    reason: Reject | None = None


@dataclass(frozen=True, slots=True)
class RefundLineSpec:
    """What was given back of one line of the order; ``amount`` in 分."""

    line_no: int
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class RefundSpec:
    """A refund as reported; ``amount`` None means the sum of its lines, in 分."""

    source: str
    order_no: str
    refund_no: str
    refunded_at: datetime
    lines: tuple[RefundLineSpec, ...] = ()
    amount: int | None = None
    cause: Fact | None = None


@dataclass(frozen=True, slots=True)
class RefundResult:
    """Answer for one refund, in the order of the batch."""

    outcome: Outcome
    refund_id: int | None = None
    order_id: int | None = None
    reason: Reject | None = None


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of an order with what of it was given back."""

    line_no: int
    sku: str
    name: str
    quantity: int
    amount: int
    refunded_quantity: int = 0
    refunded_amount: int = 0


@dataclass(frozen=True, slots=True)
class RefundView:
    """One refund of an order."""

    id: int
    refund_no: str
    amount: int
    refunded_at: datetime


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order; amounts in 分; no customer means it waits to be claimed."""

    id: int
    source: str
    order_no: str
    customer_id: int | None
    subject_id: int
    unit_id: int | None
    employee_id: int | None
    paid_at: datetime
    currency: str
    amount: int
    refunded_amount: int
    state: OrderState
    buyer_hint: str
    backfill: bool
    lines: tuple[LineView, ...] = ()
    refunds: tuple[RefundView, ...] = ()

    @property
    def net_amount(self) -> int:
        """Paid less refunded."""
        return self.amount - self.refunded_amount


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Narrow a list of orders; days are the brand's days."""

    source: str = ""
    text: str = ""  # order number, from its beginning
    state: OrderState | None = None
    unit_id: int | None = None
    employee_id: int | None = None
    first_day: date | None = None
    last_day: date | None = None
    claimed: bool | None = None


@dataclass(frozen=True, slots=True)
class CustomerTotals:
    """All of one customer's orders in figures; amounts in 分; zero-amount orders count as orders."""

    orders: int = 0
    amount: int = 0
    refunded_amount: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DaySales:
    """Sales of one brand day. ``refunded_amount`` counts refunds made that day, whenever paid."""

    day: date
    orders: int = 0
    amount: int = 0
    refunded_amount: int = 0


@dataclass(frozen=True, slots=True)
class Movement:
    """An order paid (positive) or a refund made (negative); ``amount`` in 分."""

    order_id: int
    order_no: str
    at: datetime
    customer_id: int | None
    amount: int


@dataclass(frozen=True, slots=True)
class SourceMatch:
    """How many orders of a source have a known buyer; as of ``counted_at``, where that is kept, else now."""

    source: str
    orders: int
    matched: int
    counted_at: datetime | None = None


@dataclass(frozen=True)
class ReportedLine:
    """A line in a reported fact; amounts in 分."""

    line_no: int
    sku: str
    name: str
    quantity: int
    amount: int


@dataclass(frozen=True)
class ReportedRefundLine:
    """A line in a reported refund; amounts in 分."""

    line_no: int
    quantity: int
    amount: int


@dataclass(frozen=True)
class OrderReported:
    """trade.order_reported: a shop system says an order was paid; the fact's subject is the buyer."""

    source: str
    order_no: str
    paid_at: datetime
    lines: tuple[ReportedLine, ...]
    store_code: str | None = None
    clerk_userid: str | None = None
    currency: str = ""  # empty means the brand's; another one is refused


@dataclass(frozen=True)
class RefundReported:
    """trade.refund_reported: a shop system says money was given back."""

    source: str
    order_no: str
    refund_no: str
    refunded_at: datetime
    lines: tuple[ReportedRefundLine, ...] = field(default=())


@dataclass(frozen=True)
class OrderPaid:
    """order.paid: an order entered the records; subject = buyer; amount in 分."""

    order_id: int
    source: str
    order_no: str
    amount: int
    currency: str
    unit_id: int | None
    employee_id: int | None
    line_count: int


@dataclass(frozen=True)
class OrderChanged:
    """order.changed: a later report corrected a known order; amounts in 分."""

    order_id: int
    amount: int
    previous_amount: int


@dataclass(frozen=True)
class OrderRefunded:
    """order.refunded: ``full`` when nothing of the order is left."""

    order_id: int
    refund_id: int
    amount: int
    full: bool


@dataclass(frozen=True)
class OrderClaimed:
    """order.claimed: an order that waited got its customer."""

    order_id: int


OWNER = "records_commerce"
TRADE = f"{OWNER}.trade"
"""The subscription that takes over shop systems' reports."""
ORDER_REPORTED = FactType(
    name="trade.order_reported",
    version=1,
    owner=OWNER,
    payload=OrderReported,
    label=_("Order reported"),
    ingestible=True,
    timeline=False,
)
REFUND_REPORTED = FactType(
    name="trade.refund_reported",
    version=1,
    owner=OWNER,
    payload=RefundReported,
    label=_("Refund reported"),
    ingestible=True,
    timeline=False,
)
ORDER_PAID = FactType(name="order.paid", version=1, owner=OWNER, payload=OrderPaid, label=_("Order paid"))
ORDER_CHANGED = FactType(
    name="order.changed", version=1, owner=OWNER, payload=OrderChanged, label=_("Order corrected")
)
ORDER_REFUNDED = FactType(
    name="order.refunded", version=1, owner=OWNER, payload=OrderRefunded, label=_("Order refunded")
)
ORDER_CLAIMED = FactType(
    name="order.claimed", version=1, owner=OWNER, payload=OrderClaimed, label=_("Order claimed")
)
FACTS = (ORDER_REPORTED, REFUND_REPORTED, ORDER_PAID, ORDER_CHANGED, ORDER_REFUNDED, ORDER_CLAIMED)
