"""Take due deliveries out of the queue: ask policy, hold, expire, group into port calls."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from siyu.actions.messaging import store
from siyu.actions.messaging.contracts import Attachment, Channel, Content, DeliveryState, SendItem
from siyu.actions.messaging.models import SENDABLE, Delivery
from siyu.actions.messaging.operations.ask import ask
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.rules import lease_for
from siyu.foundation import api as foundation
from siyu.kit import clock

MAX_CALLS = (
    50  # of one channel that a process may have claimed at a time, so that its lease is long enough for all
)
EXPIRED = "expired"
NO_CHANNEL = "channel.missing"


@dataclass(frozen=True, slots=True)
class Call:
    """One port call to make, with its items."""

    channel: Channel
    items: tuple[SendItem, ...]


@dataclass(slots=True)
class Claim:
    """What one claim found: the calls to make and what was settled without one."""

    calls: list[Call] = field(default_factory=list)
    seen: int = 0
    held: int = 0
    expired: int = 0


def claim(
    *, at: datetime, limit: int, lease: timedelta | None = None, under_way: Mapping[str, int] | None = None
) -> Claim:
    """Take up to ``limit`` due deliveries; call inside a transaction and make the calls after it.

    Those with an expiry come first. One claim runs at a time (a short lock), because the cap per
    person counts what others have just claimed; the port calls themselves run side by side.
    ``under_way`` tells how many calls of each channel this process has not finished yet: a channel
    that has its fill is left alone. ``lease`` overrides the wall time the rows are held for (tests).
    """
    foundation.advisory_lock("messaging.claim")
    room = {name: MAX_CALLS - number for name, number in (under_way or {}).items()}
    full = [name for name, free in room.items() if free <= 0]
    where, params = ("channel <> ALL(%s)", [full]) if full else ("TRUE", [])
    rows = foundation.claim_due(
        Delivery, at=at, limit=MAX_CALLS, states=SENDABLE,
        where=f"expires_at IS NOT NULL AND {where}", params=params,
    )  # fmt: skip
    if len(rows) < MAX_CALLS:
        rows = rows + foundation.claim_due(
            Delivery, at=at, limit=limit, states=SENDABLE,
            where=f"expires_at IS NULL AND {where}", params=params,
        )  # fmt: skip
    result = Claim(seen=len(rows))
    live = _expire(rows, result, at)
    live = _one_promotional_each(live)
    live = _callable_now(live, room)
    allowed = _hold(live, result, at)
    _start(allowed, result, at, lease)
    return result


def _expire(rows: Sequence[Delivery], result: Claim, at: datetime) -> list[Delivery]:
    late = [row for row in rows if row.expires_at is not None and row.expires_at <= at]
    for row in late:
        # With an unclear attempt behind it nobody can say that it failed.
        row.state = (DeliveryState.UNKNOWN if row.doubt else DeliveryState.FAILED).value
        row.reason = f"{EXPIRED}:{row.held_rule}" if row.held_rule else EXPIRED
        row.held_rule, row.due_at = "", None
        row.closed_at = None if row.doubt else at
    store.save(late)
    store.tell(late, at=at)
    result.expired = len([row for row in late if not row.doubt])
    gone = {row.pk for row in late}
    return [row for row in rows if row.pk not in gone]


def _one_promotional_each(rows: Sequence[Delivery]) -> list[Delivery]:
    """Of several promotional messages to one person only the first; the next claim sees it counted."""
    chosen, taken = [], set()
    for row in rows:
        if row.kind == "promotional":
            if row.customer_id in taken:
                continue
            taken.add(row.customer_id)
        chosen.append(row)
    return chosen


def _callable_now(rows: Sequence[Delivery], room: Mapping[str, int]) -> list[Delivery]:
    """What fits into the calls that may be begun; policy is not asked about the rest, which stays queued."""
    chosen: list[Delivery] = []
    sizes: dict[tuple[str, str], int] = {}
    calls: dict[str, int] = {}
    for row in rows:
        channel = CHANNELS.find(row.channel)
        if channel is not None:
            group = (row.channel, row.group_hash)
            if sizes.get(group, 0) % max(1, channel.max_batch) == 0:
                if calls.get(row.channel, 0) >= room.get(row.channel, MAX_CALLS):
                    continue
                calls[row.channel] = calls.get(row.channel, 0) + 1
            sizes[group] = sizes.get(group, 0) + 1
        chosen.append(row)
    return chosen


def _hold(rows: Sequence[Delivery], result: Claim, at: datetime) -> list[Delivery]:
    """Keep back what policy denies; returns the rest."""
    allowed, held, told = [], [], []
    for row, decision in zip(rows, ask(rows, at=at), strict=True):
        retry_at: datetime | None
        if CHANNELS.find(row.channel) is None:
            rule, reason, retry_at = NO_CHANNEL, "", at + timedelta(minutes=10)
        elif decision.allowed:
            allowed.append(row)
            continue
        else:
            rule, reason, retry_at = decision.rule, str(decision.reason), decision.retry_at
        if hold_row(row, rule, reason, retry_at):
            told.append(row)
        held.append(row)
    store.save(held)
    store.tell(told, at=at)
    result.held = len(held)
    return allowed


def hold_row(row: Delivery, rule: str, reason: str, retry_at: datetime | None) -> bool:
    """Mark one row held; True when that is news (another state or rule before)."""
    news = row.state != DeliveryState.HELD.value or row.held_rule != rule
    row.state, row.held_rule, row.reason = DeliveryState.HELD.value, rule, reason
    row.due_at, row.run_after = retry_at, None
    if row.expires_at is not None and (retry_at is None or retry_at > row.expires_at):
        row.due_at = row.expires_at  # looked at once more, to fail as expired
    row.holds += 1 if news else 0
    return news


def _start(rows: Sequence[Delivery], result: Claim, at: datetime, lease: timedelta | None) -> None:
    """Form port calls and mark their rows as being sent."""
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for row in rows:
        groups.setdefault((row.channel, row.group_hash), []).append(row)
    wall = clock.wall_now()
    for (name, _hash), members in groups.items():
        channel = CHANNELS.get(name)
        size = max(1, channel.max_batch)
        for start in range(0, len(members), size):
            chunk = members[start : start + size]
            token = uuid.uuid4()
            for row in chunk:
                row.state, row.held_rule, row.reason = DeliveryState.SENDING.value, "", ""
                row.attempts += 1
                row.asked = 0
                row.attempted_at = at
                row.lease_token = token
                row.lease_until = wall + (lease if lease is not None else lease_for(channel.window))
                row.run_after = None
            result.calls.append(Call(channel, tuple(item_of(row) for row in chunk)))
    store.save(rows)


def renew(call: Call, lease: timedelta) -> bool:
    """Hold the rows of a call longer; False when they are not all ours any more: then it is not made."""
    mine = Delivery.objects.filter(
        pk__in=[item.delivery_id for item in call.items],
        state=DeliveryState.SENDING.value,
        lease_token=call.items[0].attempt_token,
    )
    return mine.update(lease_until=clock.wall_now() + lease) == len(call.items)


def item_of(row: Delivery) -> SendItem:
    """A delivery as its channel sees it."""
    attachments = tuple(Attachment(**each) for each in row.content.get("attachments", ()))
    return SendItem(
        delivery_id=row.pk,
        key=row.key,
        attempt_token=str(row.lease_token or ""),
        attempted_at=row.attempted_at or row.planned_at,
        attempt=row.attempts,
        customer_id=row.customer_id,
        subject_id=row.subject_id,
        employee_id=row.employee_id,
        content=Content(row.content["text"], attachments),
        params=row.params,
        ref=row.ref,
        expires_at=row.expires_at,
        doubt=row.doubt,
    )
