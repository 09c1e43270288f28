"""Notes erasures outside the database, so that a restored backup is cleaned again."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.customers.contracts import ERASURES


def note_erasures(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Add whoever was erased to the register; a repeated line says nothing new."""
    noted_at = clock.wall_now().isoformat()
    foundation.append_register(
        ERASURES, [{"customer_id": fact.payload.customer_id, "noted_at": noted_at} for fact in batch]
    )


SUBSCRIPTIONS = (
    facts.Subscription(
        "records_customers.erasures", frozenset({"customer.erased"}), note_erasures, backfill=True
    ),
)
