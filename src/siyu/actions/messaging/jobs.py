"""The sender's loops."""

from __future__ import annotations

from datetime import datetime

from siyu.actions.messaging.operations.resolve import poll, resolve_unclear
from siyu.actions.messaging.operations.send import send_due
from siyu.actions.messaging.queries.counts import (
    anything_to_ask,
    anything_to_send,
    next_to_ask,
    next_to_send,
    to_ask,
    to_send,
)
from siyu.foundation import api as foundation
from siyu.kit import clock


def _send(at: datetime) -> int:
    if not anything_to_send(at):
        return 0
    with foundation.transaction():
        freed = resolve_unclear(at=at)
    # A call that hangs must not hold what becomes due meanwhile.
    done = send_due(at=at, leave=lambda: anything_to_send(clock.business_now()))
    return done.claimed + freed.unknown + freed.retried


def _ask(at: datetime) -> int:
    return poll(at=at).claimed if anything_to_ask(at) else 0


LOOPS = (
    foundation.Loop("messaging.send", run=_send, pending=to_send, next_due=next_to_send),
    foundation.Loop("messaging.ask", run=_ask, pending=to_ask, next_due=next_to_ask),
)
