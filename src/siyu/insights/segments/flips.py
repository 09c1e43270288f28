"""What time alone changes: the loop that serves next-flip rows."""

from __future__ import annotations

from datetime import datetime

from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments.members import drop_flips
from siyu.insights.segments.models import NextFlip
from siyu.insights.segments.update import update

BATCH = 1_000


def run_flips(at: datetime, limit: int = BATCH) -> int:
    """Judge again whom time may have moved, one batch in one transaction; returns how many were due."""
    with foundation.transaction():
        cards.hold_insights()
        rows = foundation.claim_due(NextFlip, at=at, limit=limit)
        if not rows:
            return 0
        due = {(row.segment_id, row.customer_id): row.due_at for row in rows}
        drop_flips(sorted(due))
        people = tuple(sorted({customer for _segment, customer in due}))
        update(cards.Touch(people, {}, frozenset(), {}), at=at, due=due)
    return len(rows)
