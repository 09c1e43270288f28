"""What a connector declares about the raw messages it understands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.foundation.api import Registry


@dataclass(frozen=True)
class InboxItem:
    """One raw message, as it came, decrypted from storage."""

    id: int
    source: str
    key: str
    body: bytes
    headers: dict[str, str]
    received_at: datetime
    """Business time of arrival."""


@dataclass(frozen=True)
class InboxContext:
    """What a handler is given: business time ``at``."""

    at: datetime


@dataclass(frozen=True)
class InboxSource:
    """A family of sources: every source whose name starts with ``prefix`` goes to ``handle`` in batches."""

    prefix: str
    handle: Callable[[Sequence[InboxItem], InboxContext], None]
    batch: int = 200


@dataclass(frozen=True)
class InboxCounts:
    """How many raw messages are in each state."""

    received: int
    waiting: int
    done: int
    dead: int


@dataclass(frozen=True)
class InboxDead:
    """A raw message that could not be understood."""

    id: int
    source: str
    error: str
    received_at: datetime


SOURCES: Registry[InboxSource] = Registry("inbox sources")
