"""What the ledger hears: merges move the points of one customer to the other, undoing moves them back."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.facts import api as facts
from siyu.records.customers.contracts import CustomerMerged, CustomerUnmerged
from siyu.records.ledger.merging import move_on_merge, move_on_unmerge


def on_customers(batch: Sequence[facts.Fact], _context: facts.HandleContext) -> None:
    """One fact after the other: merges are rare and their order matters."""
    for fact in batch:
        if isinstance(fact.payload, CustomerMerged):
            move_on_merge(fact, fact.payload)
        elif isinstance(fact.payload, CustomerUnmerged):
            move_on_unmerge(fact, fact.payload)


SUBSCRIPTIONS = (
    facts.Subscription(
        name="records_ledger.merges",
        facts=frozenset({"customer.merged", "customer.unmerged"}),
        handle=on_customers,
        backfill=True,
    ),
)
