"""What the tests of commerce and loyalty share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from siyu.facts import api as facts
from siyu.records.commerce import api as commerce
from tests.records.people import AT

TRADE = "records_commerce.trade"
PEOPLE = "records_commerce.people"
POINTS = "decisions_loyalty.points"
CORRECTIONS = "decisions_loyalty.corrections"


def order(
    number: str,
    *amounts: int,
    subject_id: int | None = None,
    hours: float = 0,
    reported: float = 0,
    source: str = "pos",
) -> commerce.OrderSpec:
    """An order paid so many hours after AT, one line per amount."""
    return commerce.OrderSpec(
        source=source,
        order_no=number,
        paid_at=AT + timedelta(hours=hours),
        lines=tuple(
            commerce.LineSpec(place, f"SKU{place}", f"戒指 {place}", 1, amount)
            for place, amount in enumerate(amounts, start=1)
        ),
        reported_at=AT + timedelta(hours=reported),
        subject_id=subject_id,
    )


def refund(
    number: str, refund_no: str, amount: int, *, hours: float = 1, source: str = "pos"
) -> commerce.RefundSpec:
    """A refund of so much of the first line."""
    lines = (commerce.RefundLineSpec(1, 1, amount),)
    return commerce.RefundSpec(source, number, refund_no, AT + timedelta(hours=hours), lines)


def outcomes(results: Sequence[commerce.OrderResult | commerce.RefundResult]) -> list[str]:
    """The answers as plain words."""
    return [result.reason.value if result.reason else result.outcome.value for result in results]


def deliver(subscription: str, batch: Sequence[facts.Fact]) -> None:
    """Hand a batch to a subscription, in this transaction and in this order."""
    handle = facts.SUBSCRIPTIONS.get(subscription).handle
    handle(batch, facts.HandleContext(AT, subscription))
