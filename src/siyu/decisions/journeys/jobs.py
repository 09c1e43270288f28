"""The engine's loop."""

from __future__ import annotations

from datetime import datetime

from siyu.decisions.journeys.operations.advance import advance
from siyu.decisions.journeys.queries.counts import anybody_due, due_now, next_due
from siyu.foundation import api as foundation


def _advance(at: datetime) -> int:
    if not anybody_due(at):
        return 0
    with foundation.transaction():
        return advance(at=at).people


LOOPS = (foundation.Loop("journeys.advance", run=_advance, pending=due_now, next_due=next_due),)
