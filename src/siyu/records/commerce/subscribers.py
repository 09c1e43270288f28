"""What commerce hears: shop systems' reports, and people becoming known, merged or unmerged."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.facts import api as facts
from siyu.records.commerce.contracts import (
    TRADE,
    LineSpec,
    OrderReported,
    OrderResult,
    OrderSpec,
    RefundLineSpec,
    RefundReported,
    RefundResult,
    RefundSpec,
)
from siyu.records.commerce.labels import refusal
from siyu.records.commerce.operations.claims import follow_map
from siyu.records.commerce.operations.orders import record_orders
from siyu.records.commerce.operations.places import change_places
from siyu.records.commerce.operations.refunds import record_refunds
from siyu.records.customers.contracts import CustomerMerged, CustomerUnmerged
from siyu.records.staff import api as staff


def on_trade(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Orders first, then refunds: a refund whose order comes later in the log waits anyway."""
    orders = [(fact, fact.payload) for fact in batch if isinstance(fact.payload, OrderReported)]
    refunds = [(fact, fact.payload) for fact in batch if isinstance(fact.payload, RefundReported)]
    if orders:
        _none_refused(orders, record_orders(_order_specs(orders, at=context.at), at=context.at))
    if refunds:
        specs = [_refund_spec(fact, told) for fact, told in refunds]
        _none_refused(refunds, record_refunds(specs, at=context.at))


def _none_refused(
    reports: Sequence[tuple[facts.Fact, OrderReported | RefundReported]],
    answers: Sequence[OrderResult | RefundResult],
) -> None:
    """A refused report must not vanish: it becomes a dead letter with its reason, and nothing of it is kept.

    The batch is undone and delivered again in halves until the refused report stands alone, so it holds
    up no other. Replaying it later helps where the record was corrected meanwhile.
    """
    for (_fact, told), answer in zip(reports, answers, strict=True):
        if answer.reason is not None:
            raise refusal(told.order_no, answer.reason)


def _order_specs(orders: Sequence[tuple[facts.Fact, OrderReported]], *, at: datetime) -> list[OrderSpec]:
    units = staff.units_by_code({told.store_code for _fact, told in orders if told.store_code}, at=at)
    clerks = staff.employees_by_userid(
        {told.clerk_userid for _fact, told in orders if told.clerk_userid}, at=at
    )
    return [
        OrderSpec(
            source=told.source,
            order_no=told.order_no,
            paid_at=told.paid_at,
            lines=tuple(
                LineSpec(line.line_no, line.sku, line.name, line.quantity, line.amount) for line in told.lines
            ),
            reported_at=fact.occurred_at,
            subject_id=fact.subject_id,
            unit_id=units[told.store_code].id if told.store_code and told.store_code in units else None,
            employee_id=clerks[told.clerk_userid].id
            if told.clerk_userid and told.clerk_userid in clerks
            else None,
            currency=told.currency,
            cause=fact,
        )
        for fact, told in orders
    ]


def _refund_spec(fact: facts.Fact, told: RefundReported) -> RefundSpec:
    return RefundSpec(
        source=told.source,
        order_no=told.order_no,
        refund_no=told.refund_no,
        refunded_at=told.refunded_at,
        lines=tuple(RefundLineSpec(line.line_no, line.quantity, line.amount) for line in told.lines),
        cause=fact,
    )


def on_people(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Orders follow the subject map."""
    if any(isinstance(fact.payload, CustomerMerged | CustomerUnmerged) for fact in batch):
        change_places()
    subjects: dict[int, facts.Fact] = {}
    for fact in batch:
        told = fact.payload
        moved = told.subject_ids if isinstance(told, CustomerMerged | CustomerUnmerged) else ()
        for subject_id in (*moved, fact.subject_id):
            if subject_id is not None:
                subjects.setdefault(subject_id, fact)
    # One fact of the batch stands as cause for all: claims of one batch share origin in practice.
    for origin in facts.Origin:
        mine = {subject: fact for subject, fact in subjects.items() if fact.origin is origin}
        if mine:
            follow_map(mine, at=context.at, cause=next(iter(mine.values())))


SUBSCRIPTIONS = (
    facts.Subscription(
        name=TRADE,
        facts=frozenset({"trade.order_reported", "trade.refund_reported"}),
        handle=on_trade,
        backfill=True,
    ),
    facts.Subscription(
        name="records_commerce.people",
        facts=frozenset({"customer.identified", "customer.merged", "customer.unmerged"}),
        handle=on_people,
        backfill=True,
    ),
)
