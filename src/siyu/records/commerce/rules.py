"""Pure rules of orders and refunds; amounts in 分."""

from __future__ import annotations

import hashlib
from datetime import datetime

from siyu.records.commerce.contracts import OrderSpec, OrderState, RefundSpec, Reject

MAX_AMOUNT = 10**13


def total_of(spec: OrderSpec) -> int:
    """What was paid for the order: the stated amount, else the sum of its lines."""
    return spec.amount if spec.amount is not None else sum(line.amount for line in spec.lines)


def refund_total(spec: RefundSpec) -> int:
    """What is given back: the stated amount, else the sum of its lines."""
    return spec.amount if spec.amount is not None else sum(line.amount for line in spec.lines)


def order_problem(spec: OrderSpec, currency: str) -> Reject | None:
    """Why an order cannot be kept, or None. Zero amounts and zero quantities are kept."""
    if not spec.order_no.strip() or not spec.source or len(spec.order_no) > 100 or len(spec.source) > 40:
        return Reject.NO_NUMBER
    if not spec.lines:
        return Reject.NO_LINES
    if len({line.line_no for line in spec.lines}) != len(spec.lines):
        return Reject.DUPLICATE_LINE
    amounts = [total_of(spec), *(line.amount for line in spec.lines)]
    if any(not 0 <= amount <= MAX_AMOUNT for amount in amounts) or any(
        not 0 <= line.quantity < 2**31 for line in spec.lines
    ):
        return Reject.NEGATIVE
    if spec.currency != currency:
        return Reject.OTHER_CURRENCY
    return None


def refund_problem(spec: RefundSpec) -> Reject | None:
    """Why a refund cannot be kept, or None."""
    numbers = (spec.source, spec.order_no.strip(), spec.refund_no.strip())
    if not all(numbers) or max(len(spec.order_no), len(spec.refund_no)) > 100:
        return Reject.NO_NUMBER
    if not 0 <= refund_total(spec) <= MAX_AMOUNT or any(line.amount < 0 for line in spec.lines):
        return Reject.NEGATIVE
    return None


def content_hash(spec: OrderSpec) -> bytes:
    """16 bytes that tell two reports of one order apart. The buyer does not count: see claiming."""
    lines = [(line.line_no, line.sku, line.name, line.quantity, line.amount) for line in spec.lines]
    text = repr(
        (
            total_of(spec),
            spec.currency,
            spec.paid_at.timestamp(),
            spec.unit_id,
            spec.employee_id,
            sorted(lines),
        )
    )
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def supersedes(new: tuple[datetime, bytes], old: tuple[datetime, bytes]) -> bool:
    """Whether report ``new`` = (reported_at, hash) stands over ``old``.

    The later one stands; of two at one moment the one with the greater hash, so that every order of
    arrival ends alike.
    """
    return new > old


def state_of(amount: int, refunded_amount: int) -> OrderState:
    """The state follows from the figures. An order of nothing is paid."""
    if refunded_amount == 0:
        return OrderState.PAID
    return OrderState.REFUNDED if refunded_amount >= amount else OrderState.PARTLY_REFUNDED
