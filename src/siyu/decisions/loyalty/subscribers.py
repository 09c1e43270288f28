"""What loyalty hears: orders and their refunds; from files only what they say of orders that earned."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.decisions.loyalty.operations import settle_orders
from siyu.decisions.loyalty.queries import settled
from siyu.facts import api as facts


def on_orders(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Settle each order of the batch once, named after the first fact that told of it."""
    settle_orders(_causes(batch), at=context.at)


def on_corrections(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """A shop's export corrects or refunds an order that came in live: settle it as it stands now.

    One that was never settled is left to the live fact that tells of it, so that its points are live ones.
    """
    causes = _causes([fact for fact in batch if fact.origin is not facts.Origin.LIVE])
    known = settled(causes)
    settle_orders({order_id: fact for order_id, fact in causes.items() if order_id in known}, at=context.at)


def _causes(batch: Sequence[facts.Fact]) -> dict[int, facts.Fact]:
    causes: dict[int, facts.Fact] = {}
    for fact in batch:
        causes.setdefault(fact.payload.order_id, fact)
    return causes


SUBSCRIPTIONS = (
    facts.Subscription(
        name="decisions_loyalty.points",
        facts=frozenset({"order.paid", "order.claimed", "order.changed", "order.refunded"}),
        handle=on_orders,
    ),
    facts.Subscription(
        name="decisions_loyalty.corrections",
        facts=frozenset({"order.changed", "order.refunded"}),
        handle=on_corrections,
        backfill=True,
    ),
)
