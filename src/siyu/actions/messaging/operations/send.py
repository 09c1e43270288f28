"""The sender: claim in one transaction, call the port outside any, write the outcome in another."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from siyu.actions.messaging.contracts import Channel, Outcome, Result, SendItem, SendReport
from siyu.actions.messaging.operations.claim import EXPIRED, Call, claim, renew
from siyu.actions.messaging.operations.outbox import OUTBOX, Answer
from siyu.actions.messaging.operations.outcomes import Answered
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.rules import lease_for
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import Permanent, RetryLater

log = logging.getLogger("siyu.messaging")

LOOK_SECONDS = 0.05


def send_due(
    *,
    at: datetime,
    limit: int = 500,
    lease: timedelta | None = None,
    leave: Callable[[], bool] = lambda: False,
) -> SendReport:
    """Send what is due at business time ``at``, one claim's worth; all zero when nothing was due.

    Calls are made side by side, as many as each channel bears. ``leave`` is asked now and then whether
    to go on without the calls that still are under way (they end by themselves); the report then
    counts only those that have ended.

    Commits by itself (architecture §2 rule 1: the call to the platform is in no transaction), so it
    must not be called inside one. A process that dies in between leaves rows in ``sending``; they are
    settled by ``resolve_unclear`` once their lease is over, never by sending again blindly.
    """
    claimed_at = clock.wall_now()
    with foundation.transaction():
        taken = claim(at=at, limit=limit, lease=lease, under_way=_under_way())
    pass_ = _Pass(at, claimed_at, lease)
    pass_.begin(taken.calls)
    made = pass_.wait(leave)
    return SendReport(claimed=taken.seen, held=taken.held, failed=taken.expired) + made


def _under_way() -> dict[str, int]:
    return {name: foundation.CREW.count(name) for name, _channel in CHANNELS.items()}


class _Pass:
    """The calls of one claim."""

    def __init__(self, at: datetime, claimed_at: datetime, lease: timedelta | None) -> None:
        self._at, self._claimed_at, self._lease = at, claimed_at, lease
        self._changed = threading.Condition()
        self._left = 0
        self._report = SendReport()
        self._trouble: BaseException | None = None

    def begin(self, calls: Sequence[Call]) -> None:
        """Have all calls made; those of a channel that takes one at a time are made here and now."""
        self._left = len(calls)
        serial = [call for call in calls if call.channel.side_by_side <= 1]
        for call in calls:
            if call.channel.side_by_side > 1:
                channel = call.channel
                foundation.CREW.submit(channel.name, channel.side_by_side, partial(self._make, call))
        for call in serial:
            self._make(call)
            if self._trouble is not None:
                raise self._trouble

    def wait(self, leave: Callable[[], bool]) -> SendReport:
        """Until all calls have ended and are written down, or ``leave`` says so."""
        while True:
            with self._changed:
                if not self._left or self._changed.wait_for(lambda: not self._left, LOOK_SECONDS):
                    break
            if leave():
                break
        with self._changed:
            if self._trouble is not None:
                raise self._trouble
            return self._report

    def _make(self, call: Call) -> None:
        try:
            answered = self._call(call)
        except BaseException as error:
            log.warning("a call was not made", extra={"channel": call.channel.name}, exc_info=True)
            self._failed(error)
            return
        if answered is None:
            self._written(SendReport())
        else:
            OUTBOX.put(Answer(answered, self._written, self._failed))

    def _call(self, call: Call) -> Answered | None:
        """Make one call, unless its time is over or somebody has settled its items meanwhile.

        It may have waited behind others since it was claimed; business time has gone on by as much.
        """
        passed = clock.wall_now() - self._claimed_at
        span = self._lease if self._lease is not None else lease_for(call.channel.window)
        if passed * 3 >= span:
            with foundation.transaction():
                if not renew(call, span):
                    return None
        now = self._at + passed
        late = [item for item in call.items if item.expires_at is not None and item.expires_at <= now]
        items = [item for item in call.items if item not in late]
        outcomes = [Outcome(item.delivery_id, Result.FAILED, reason=EXPIRED) for item in late]
        if items:
            outcomes += _hand_over(call.channel, items, at=now)
        return Answered(outcomes, self._at, call.items[0].attempt_token)

    def _written(self, report: SendReport) -> None:
        with self._changed:
            self._report += report
            self._left -= 1
            self._changed.notify_all()

    def _failed(self, error: BaseException) -> None:
        with self._changed:
            self._trouble = self._trouble or error
            self._left -= 1
            self._changed.notify_all()


def _hand_over(channel: Channel, items: Sequence[SendItem], *, at: datetime) -> list[Outcome]:
    """Call the port; whatever it does, there is an outcome for each item.

    RetryLater: nothing was taken. Permanent: all refused. Anything else it raises, and any item it
    leaves out: unknown.
    """
    try:
        answers = {outcome.delivery_id: outcome for outcome in channel.send(items, at=at)}
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
