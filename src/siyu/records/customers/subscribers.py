"""Notes erasures outside the database, so that a restored backup is cleaned again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.customers.contracts import ERASURES
from siyu.records.customers.operations.personal_data import refusals_of


def note_erasures(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Add whoever was erased to the register, with what they refused; a repeated line says nothing new.

    Each customer of a merged group has a line: in a backup from before the merge they are still two.
    """
    noted_at = clock.wall_now().isoformat()
    lines: list[dict[str, Any]] = [
        {"customer_id": number, "noted_at": noted_at}
        for fact in batch
        for number in fact.payload.customer_ids or (fact.payload.customer_id,)
    ]
    lines[0]["refusals"] = refusals_of(fact.occurred_at for fact in batch)
    foundation.append_register(ERASURES, lines)


SUBSCRIPTIONS = (
    facts.Subscription(
        "records_customers.erasures", frozenset({"customer.erased"}), note_erasures, backfill=True
    ),
)
