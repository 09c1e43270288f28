"""Turns facts into entries of the day's numbers."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.metrics import rules


def handle(batch: Sequence[facts.Fact], context: facts.HandleContext) -> None:
    """Store what the batch adds; each fact once, whatever the order."""
    by_id = {fact.id: fact for fact in batch}
    zone = foundation.brand_zone()
    new = [entry for fact in batch for entry in rules.entries_of(fact, zone)]
    if not new:
        return
    foundation.execute(
        """INSERT INTO insights_metrics_entry
             (fact_id, kind, day, occurred_at, employee_id, subject_id, ref, amount)
           SELECT * FROM unnest(%s::bigint[], %s::text[], %s::date[], %s::timestamptz[], %s::bigint[], %s::bigint[],
                                %s::bigint[], %s::bigint[])
           ON CONFLICT (fact_id, kind) DO NOTHING""",
        [
            foundation.array(e.fact_id for e in new),
            foundation.array(e.kind for e in new),
            foundation.array(e.day.isoformat() for e in new),
            foundation.array(by_id[e.fact_id].occurred_at for e in new),
            foundation.array(e.employee_id for e in new),
            foundation.array(by_id[e.fact_id].subject_id for e in new),
            foundation.array(e.ref for e in new),
            foundation.array(e.amount for e in new),
        ],
    )


SUBSCRIPTIONS = (
    facts.Subscription("insights_metrics", rules.HEARD, handle, backfill=True, batch=2_000, apart=True),
)
