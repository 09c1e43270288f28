"""What can be spoiled, and which invariants must tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

from siyu.actions.messaging import jobs, rules
from siyu.actions.messaging.contracts import DeliveryState, Outcome, Result, SendItem, SendReport, Unclear
from siyu.actions.messaging.operations import resolve
from siyu.facts import api as facts
from siyu.facts.events import dispatch
from siyu.kit.errors import RetryLater

DROPPED = 0.05
"""Share of callbacks that are answered and not stored."""


@dataclass(frozen=True)
class Switch:
    """One thing done wrong."""

    says: str
    caught: frozenset[str]  # at least one of these must find it
    spoil: Callable[[], None]


def _replace(module: object, name: str, value: object) -> None:
    if not hasattr(module, name):
        raise LookupError(f"{module} has no {name}")
    setattr(module, name, value)


def _blind_resend() -> None:
    real = rules.after_unclear

    def again(unclear: Unclear, *, at: datetime, **rest: Any) -> rules.Next:
        if unclear is Unclear.QUERY:
            return rules.Next(DeliveryState.QUEUED, look_at=at, rest=timedelta(seconds=1))
        return real(unclear, at=at, **rest)

    _replace(rules, "after_unclear", again)
    _replace(resolve, "after_unclear", again)


def _trouble_is_no() -> None:
    def read(channel: Any, wish: str, items: Sequence[SendItem], at: datetime) -> dict[int, Outcome] | None:
        method = {"cancel": channel.cancel, "remind": channel.remind}.get(wish, channel.query)
        try:
            said = {outcome.delivery_id: outcome for outcome in method(items, at=at)}
        except RetryLater:
            return {item.delivery_id: Outcome(item.delivery_id, Result.RETRY) for item in items}
        return {item.delivery_id: said[item.delivery_id] for item in items}

    _replace(resolve, "_answers", read)


def _dead_sender() -> None:
    _replace(jobs, "resolve_unclear", lambda **_rest: SendReport())


def _cursor_by_id() -> None:
    _replace(
        dispatch, "_HORIZON",
        "SELECT pg_snapshot_xmax(s)::text::bigint, true FROM pg_current_snapshot() s",
    )  # fmt: skip


def _no_key() -> None:
    real = facts.receive_now

    def fresh(source: str, key: str, *values: Any, **rest: Any) -> None:
        real(source, f"{key}:{uuid4()}", *values, **rest)

    _replace(facts, "receive_now", fresh)


def _lost_row() -> None:
    real, chance = facts.receive_now, Random("lost")

    def forgetful(*values: Any, **rest: Any) -> None:
        if chance.random() >= DROPPED:
            real(*values, **rest)

    _replace(facts, "receive_now", forgetful)


SWITCHES = {
    "blind-resend": Switch(
        "an unclear mass message is sent again without asking", frozenset({"messages.once"}), _blind_resend
    ),
    "trouble-is-no": Switch(
        "a question that met trouble is read as 'never sent'", frozenset({"messages.once"}), _trouble_is_no
    ),
    "dead-sender": Switch(
        "what a dead process was sending is never settled", frozenset({"messages.settled"}), _dead_sender
    ),
    "cursor-by-id": Switch(
        "facts are read while earlier transactions still run",
        frozenset({"cards.fresh", "segments.fresh", "metrics.facts", "journeys.entered", "work.timers", "facts.orders"}),
        _cursor_by_id,
    ),
    "no-key": Switch("each attempt of a callback has a key of its own", frozenset({"inbox.once"}), _no_key),
    "lost-row": Switch(
        "a callback in twenty is answered and not stored", frozenset({"inbox.once"}), _lost_row
    ),
}  # fmt: skip
