"""What loyalty hears: orders and their refunds, live ones only."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.decisions.loyalty.operations import settle_orders
from siyu.facts import api as facts


def on_orders(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Settle each order of the batch once, named after the first fact that told of it."""
    causes: dict[int, facts.Fact] = {}
    for fact in batch:
        causes.setdefault(fact.payload.order_id, fact)
    settle_orders(causes, at=context.at)


SUBSCRIPTIONS = (
    facts.Subscription(
        name="decisions_loyalty.points",
        facts=frozenset({"order.paid", "order.claimed", "order.changed", "order.refunded"}),
        handle=on_orders,
    ),
)
