"""What modules declare about their background work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from siyu.foundation.registry import Registry


class JobRun(Protocol):
    """What a running job is given."""

    @property
    def at(self) -> datetime:
        """Business time at which the job runs."""
        ...

    def now(self) -> datetime:
        """Business time by now: what a long job commits late must not be judged by the moment it began."""
        ...

    @property
    def attempt(self) -> int:
        """1 for the first try."""
        ...

    @property
    def job_id(self) -> int:
        """The row of this job."""
        ...

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        """Show how far the job is and renew its lease (non-transactional jobs only)."""

    def should_stop(self) -> bool:
        """True when a person asked to stop or the worker shuts down; save your place and return."""
        ...


@dataclass(frozen=True)
class JobType:
    """A kind of job. ``every`` makes it a schedule in business time.

    A transactional job runs in one transaction that also marks it done, and so must take a moment only: facts are
    heard no further than to the oldest transaction under way, and a welcome waits for that. Others (HTTP, long imports)
    hold a lease of ``lease`` and manage their own transactions with ``foundation.transaction``.
    """

    name: str
    run: Callable[[dict[str, Any], JobRun], None]
    max_attempts: int = 8
    lease: timedelta = timedelta(minutes=2)
    every: timedelta | None = None
    transactional: bool = True


@dataclass(frozen=True)
class Loop:
    """A module's own due table, served by a worker thread of its own.

    ``run(at)`` does one bounded round and returns how many rows it handled (0 = idle),
    ``pending(at)`` counts what is due now, ``next_due()`` is the earliest business time waiting.
    """

    name: str
    run: Callable[[datetime], int]
    pending: Callable[[datetime], int]
    next_due: Callable[[], datetime | None]


@dataclass(frozen=True)
class JobView:
    """A job as pages show it."""

    id: int
    name: str
    state: str
    due_at: datetime
    attempts: int
    progress_done: int
    progress_total: int | None
    note: str
    last_error: str
    payload: dict[str, Any]
    created_at: datetime
    finished_at: datetime | None
    stop_requested: bool


JOBS: Registry[JobType] = Registry("jobs")
LOOPS: Registry[Loop] = Registry("loops")
