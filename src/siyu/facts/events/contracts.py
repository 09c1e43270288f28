"""Facts, their types, and what may subscribe to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils.functional import Promise

from siyu.foundation.api import Registry
from siyu.kit.errors import SiyuError

MAX_HOPS = 16


class FactLoop(SiyuError):
    """A decision that causes itself: action → fact → decision → action, without end."""


class Origin(StrEnum):
    """How a fact came to be known; only live facts make the house act unless a subscriber says otherwise."""

    LIVE = "live"
    BACKFILL = "backfill"
    REPLAY = "replay"


@dataclass(frozen=True)
class FactType:
    """A kind of fact: ``noun.past_tense``, one owner, a frozen dataclass of JSON-able fields as payload.

    ``personal`` names the text fields that may tell something about the person: an erasure empties them.
    """

    name: str
    version: int
    owner: str
    payload: type
    label: str | Promise
    ingestible: bool = False
    timeline: bool = True
    personal: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """A recorded fact. ``(tx, id)`` is the order in which subscriptions read; ``id`` is unique."""

    id: int
    tx: int
    name: str
    version: int
    payload: Any
    occurred_at: datetime
    recorded_at: datetime
    subject_id: int | None
    origin: Origin
    source: str
    external_id: str
    causation_id: int | None
    correlation_id: str
    hops: int


@dataclass(frozen=True)
class NewFact:
    """A fact to record. ``(source, external_id)`` makes it happen once; ``cause`` passes on origin and hops."""

    name: str
    payload: Any
    occurred_at: datetime
    subject_id: int | None
    source: str
    external_id: str
    origin: Origin | None = None
    cause: Fact | None = None


@dataclass(frozen=True)
class HandleContext:
    """What a subscriber's handler is given: business time ``at`` and the subscription's name."""

    at: datetime
    subscription: str


Handler = Callable[[Sequence[Fact], HandleContext], None]


@dataclass(frozen=True)
class Subscription:
    """Facts delivered in batches to ``handle``, in the transaction that advances the cursor.

    ``backfill=True`` reads from the beginning of the log and also gets backfilled and replayed
    facts; otherwise reading starts when first installed and only live facts come.
    ``apart=True`` for what derives and may take long: workers run it in a thread beside the others, so
    that no answer to a customer waits for it.
    """

    name: str
    facts: frozenset[str]
    handle: Handler
    backfill: bool = False
    batch: int = 500
    shards: int = 1
    apart: bool = False


@dataclass(frozen=True)
class DeadFact:
    """A fact that a subscription could not handle; visible, and can be replayed."""

    id: int
    subscription: str
    fact_id: int
    name: str
    error: str
    attempts: int
    created_at: datetime


@dataclass(frozen=True)
class TimelineEntry:
    """How a fact reads in a customer's timeline.

    ``amounts`` are minor units of the brand's currency; the interface puts them into ``params`` as money.
    """

    title: str | Promise
    detail: str | Promise = ""
    icon: str = "point"
    link: str = ""
    params: dict[str, Any] = field(default_factory=dict)
    amounts: dict[str, int] = field(default_factory=dict)


CATALOGUE: Registry[FactType] = Registry("fact catalogue")
SUBSCRIPTIONS: Registry[Subscription] = Registry("subscriptions")
TIMELINE: Registry[Callable[[Fact], TimelineEntry]] = Registry("timeline")
