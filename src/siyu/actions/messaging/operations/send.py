"""The sender: claim in one transaction, call the port outside any, write the outcome in another."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from siyu.actions.messaging.contracts import Channel, Outcome, Result, SendItem, SendReport
from siyu.actions.messaging.operations.claim import Call, claim
from siyu.actions.messaging.operations.outcomes import record_outcomes
from siyu.foundation import api as foundation
from siyu.kit.errors import Permanent, RetryLater

log = logging.getLogger("siyu.messaging")


def send_due(*, at: datetime, limit: int = 500, lease: timedelta | None = None) -> SendReport:
    """Send what is due at business time ``at``, one claim's worth; all zero when nothing was due.

    Commits by itself (architecture §2 rule 1: the call to the platform is in no transaction), so it
    must not be called inside one. A process that dies in between leaves rows in ``sending``; they are
    settled by ``resolve_unclear`` once their lease is over, never by sending again blindly.
    """
    with foundation.transaction():
        taken = claim(at=at, limit=limit, lease=lease)
    report = SendReport(claimed=taken.seen, held=taken.held, failed=taken.expired)
    for call in taken.calls:
        outcomes = ask_port(call.channel, call.items, call.channel.send, at=at)
        with foundation.transaction():
            report += record_outcomes(outcomes, at=at, token=call.items[0].attempt_token)
    return report


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
