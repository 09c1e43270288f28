"""Pure rules of messaging: grouping, waiting times, what an unclear outcome leads to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from siyu.actions.messaging.contracts import Content, DeliveryState, Outcome, Result, Unclear

MAX_ATTEMPTS = 150  # about a day of answers that say "later"
SOON = 20  # attempts made as soon as the platform says; a trouble that outlasts them is waited for longer
MAX_REPEATS = 12  # of a safe repeat without a window
ASK_QUICKLY = 5  # questions about an unclear outcome within the first minute of wall time
MAX_ASKED = 10
URGENT_LEASE = timedelta(seconds=6)  # a channel with a short window must be free again inside it
LEASE = timedelta(minutes=2)


def content_json(content: Content) -> dict[str, object]:
    """The stored form of a content."""
    return {
        "text": content.text,
        "attachments": [
            {
                "kind": item.kind,
                "title": item.title,
                "url": item.url,
                "description": item.description,
                "file_id": item.file_id,
            }
            for item in content.attachments
        ],
    }


def group_hash(channel: str, employee_id: int | None, content: dict[str, object]) -> str:
    """Deliveries with the same value differ only in the customer and may share one port call."""
    body = json.dumps([channel, employee_id, content], sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(body.encode(), digest_size=16).hexdigest()


def backoff(attempts: int) -> timedelta:
    """Wall time before attempt ``attempts + 1``: 2, 4, 8 … seconds, at most ten minutes."""
    return timedelta(seconds=min(600, 2 ** min(max(attempts, 1), 10)))


def poll_at(handed_over: datetime | None, at: datetime) -> datetime:
    """When the member's confirmation is looked for again (business time).

    Every five minutes for six hours, then hourly for three days, then every twelve hours; at full
    five minutes, hours, half days (UTC), so that what waits is asked together.
    """
    age = at - handed_over if handed_over is not None else timedelta(0)
    grid = 300 if age < timedelta(hours=6) else 3600 if age < timedelta(days=3) else 43200
    return datetime.fromtimestamp((int(at.timestamp()) // grid + 1) * grid, at.tzinfo)


def lease_for(window: timedelta | None) -> timedelta:
    """Wall time a claim holds; short for channels whose messages are worthless when late."""
    return URGENT_LEASE if window is not None else LEASE


@dataclass(frozen=True, slots=True)
class Next:
    """What a delivery becomes: its state, when it is looked at again (business), how long it rests (wall)."""

    state: DeliveryState
    look_at: datetime | None = None
    rest: timedelta | None = None
    reason: str = ""
    doubt: bool = False  # this attempt may have arrived, and the next one starts without knowing


def after_unclear(
    unclear: Unclear,
    *,
    attempts: int,
    asked: int,
    expires_at: datetime | None,
    at: datetime,
    reason: str = "",
) -> Next:
    """Where a delivery goes when nobody knows whether the port call took effect (architecture §2 rule 4).

    ``safe_repeat``: back to the queue, unless it has expired or was tried too often: then unknown.
    ``query``: unknown, and the platform is asked ``MAX_ASKED`` times: the first few within a minute of
    wall time, the others ever more rarely in business time.
    ``unknown_final``: unknown for good; a person decides.
    """
    if unclear is Unclear.SAFE_REPEAT:
        expired = expires_at is not None and expires_at <= at
        if expired or attempts >= MAX_REPEATS:
            return Next(DeliveryState.UNKNOWN, reason=reason or "expired", doubt=True)
        rest = timedelta(seconds=min(600, 2 ** min(max(attempts - 1, 0), 10)))
        return Next(DeliveryState.QUEUED, look_at=at, rest=rest, reason=reason, doubt=True)
    if unclear is Unclear.QUERY and asked < MAX_ASKED:
        if asked < ASK_QUICKLY:
            rest = backoff(asked) if asked else timedelta(0)
            return Next(DeliveryState.UNKNOWN, look_at=at, rest=rest, reason=reason)
        later = at + timedelta(minutes=10 * 2 ** (asked - ASK_QUICKLY))
        return Next(DeliveryState.UNKNOWN, look_at=later, reason=reason)
    return Next(DeliveryState.UNKNOWN, reason=reason)


def after_answer(
    outcome: Outcome,
    unclear: Unclear,
    *,
    attempts: int,
    asked: int,
    expires_at: datetime | None,
    handed_over: datetime | None,
    at: datetime,
) -> Next:
    """Where a delivery goes after the platform's answer to send, query or cancel."""
    match outcome.result:
        case Result.SENT:
            return Next(DeliveryState.SENT)
        case Result.DELIVERED:
            return Next(DeliveryState.DELIVERED)
        case Result.CANCELLED:
            return Next(DeliveryState.CANCELLED, reason=outcome.reason)
        case Result.FAILED:
            return Next(DeliveryState.FAILED, reason=outcome.reason)
        case Result.WAITING_MEMBER:
            look_at = poll_at(handed_over, at)
            return Next(DeliveryState.WAITING_MEMBER, look_at=look_at, reason=outcome.reason)
        case Result.RETRY:
            if attempts >= MAX_ATTEMPTS:
                return Next(DeliveryState.FAILED, reason=outcome.reason)
            rest = outcome.retry_after or backoff(attempts)
            if attempts > SOON:
                rest = max(rest, backoff(attempts))
            return Next(DeliveryState.QUEUED, look_at=at, rest=rest, reason=outcome.reason)
        case Result.UNKNOWN:
            return after_unclear(
                unclear, attempts=attempts, asked=asked, expires_at=expires_at, at=at, reason=outcome.reason
            )
