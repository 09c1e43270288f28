"""The sender: claim in one transaction, call the port outside any, write the outcome in another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from siyu.actions.messaging.contracts import Channel, Outcome, Result, SendItem, SendReport
from siyu.actions.messaging.operations.claim import EXPIRED, Call, claim, renew
from siyu.actions.messaging.operations.outcomes import record_outcomes
from siyu.actions.messaging.rules import lease_for
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import Permanent, RetryLater

log = logging.getLogger("siyu.messaging")


def send_due(*, at: datetime, limit: int = 500, lease: timedelta | None = None) -> SendReport:
    """Send what is due at business time ``at``, one claim's worth; all zero when nothing was due.

    Commits by itself (architecture §2 rule 1: the call to the platform is in no transaction), so it
    must not be called inside one. A process that dies in between leaves rows in ``sending``; they are
    settled by ``resolve_unclear`` once their lease is over, never by sending again blindly.
    """
    begun = clock.wall_now()
    with foundation.transaction():
        taken = claim(at=at, limit=limit, lease=lease)
    report = SendReport(claimed=taken.seen, held=taken.held, failed=taken.expired)
    for call in taken.calls:
        report += _make(call, at=at, passed=clock.wall_now() - begun, lease=lease)
    return report


def _make(call: Call, *, at: datetime, passed: timedelta, lease: timedelta | None) -> SendReport:
    """Make one call, unless its time is over or somebody has settled its items meanwhile.

    ``passed`` is what the calls before it took; business time has gone on by as much.
    """
    span = lease if lease is not None else lease_for(call.channel.window)
    if passed * 3 >= span:
        with foundation.transaction():
            if not renew(call, span):
                return SendReport()
    late = [item for item in call.items if item.expires_at is not None and item.expires_at <= at + passed]
    items = [item for item in call.items if item not in late]
    outcomes = [Outcome(item.delivery_id, Result.FAILED, reason=EXPIRED) for item in late]
    if items:
        outcomes += ask_port(call.channel, items, call.channel.send, at=at + passed)
    with foundation.transaction():
        return record_outcomes(outcomes, at=at, token=call.items[0].attempt_token)


PortMethod = Callable[..., Sequence[Outcome]]


def ask_port(
    channel: Channel, items: Sequence[SendItem], method: PortMethod, *, at: datetime
) -> list[Outcome]:
    """Call one method of a port; whatever it does, there is an outcome for each item.

    RetryLater: nothing was taken. Permanent: all refused. Anything else it raises, and any item it
    leaves out: unknown.
    """
    try:
        answers = {outcome.delivery_id: outcome for outcome in method(items, at=at)}
    except RetryLater as error:
        rest = timedelta(seconds=error.after_seconds) if error.after_seconds is not None else None
        return [
            Outcome(item.delivery_id, Result.RETRY, reason=str(error), retry_after=rest) for item in items
        ]
    except Permanent as error:
        return [Outcome(item.delivery_id, Result.FAILED, reason=str(error)) for item in items]
    except Exception as error:
        log.warning(
            "channel answer unclear", extra={"channel": channel.name, "items": len(items)}, exc_info=True
        )
        return [Outcome(item.delivery_id, Result.UNKNOWN, reason=str(error)[:300]) for item in items]
    return [answers.get(item.delivery_id) or Outcome(item.delivery_id, Result.UNKNOWN) for item in items]


__all__ = ["Call", "ask_port", "send_due"]
