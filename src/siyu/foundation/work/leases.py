"""Leases of running jobs: short and renewed while the process lives, so that a killed worker's job waits seconds.

A job kind's own ``lease`` is how long it may run without a sign of life (``progress``) before another worker
takes over; it may be many minutes. A process that beats gives its rows a short lease instead and renews it
with every beat, up to that span. Where nothing beats (a command, a test) the lease is the kind's own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from siyu.foundation.work.models import RUNNING, Job
from siyu.kit import clock

SHORT = timedelta(seconds=30)
BEATS_FOR = 15.0  # a process whose last beat is older does not renew; its leases must be long


@dataclass
class Held:
    """A job that runs in this process."""

    token: UUID
    span: timedelta
    alive: float = field(default_factory=time.monotonic)

    def sign_of_life(self) -> None:
        """The job made progress."""
        self.alive = time.monotonic()

    @property
    def trusted(self) -> bool:
        """Whether it may be renewed: it gave a sign of life within its span."""
        return time.monotonic() - self.alive < self.span.total_seconds()


@dataclass
class _Process:
    """What this process runs, and when it beat last."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: dict[UUID, Held] = field(default_factory=dict)
    beat_at: float = float("-inf")


_process = _Process()


def first(span: timedelta) -> timedelta:
    """How long a lease is given for now."""
    beating = time.monotonic() - _process.beat_at < BEATS_FOR
    return min(span, SHORT) if beating else span


@contextmanager
def holding(token: UUID | None, span: timedelta) -> Iterator[Held | None]:
    """While inside, the lease with this token is renewed by ``renew``."""
    if token is None:
        yield None
        return
    held = Held(token, span)
    with _process.lock:
        _process.held[token] = held
    try:
        yield held
    finally:
        with _process.lock:
            _process.held.pop(token, None)


def renew() -> None:
    """Renew what runs here; a row that another worker has taken meanwhile has another token and is left alone."""
    _process.beat_at = time.monotonic()
    with _process.lock:
        tokens = [held.token for held in _process.held.values() if held.trusted]
    if tokens:
        Job.objects.filter(state=RUNNING, lease_token__in=tokens).update(lease_until=clock.wall_now() + SHORT)
