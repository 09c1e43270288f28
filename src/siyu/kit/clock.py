"""The two times of the house.

Business time drives what happens to customers (occurred_at, due_at, quiet hours, expiry) and may
be moved in demo and tests; wall time drives the machinery (leases, retries, sessions, signatures).
Business time is wall time plus one offset, kept in a small file that every process of an
installation shares. Only doors (views, jobs, worker, commands) read a clock; all below takes ``at``.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path


@dataclass
class _State:
    """The one clock of this process."""

    file: Path | None = None
    seen: tuple[int, int, int] | None = None
    offset: timedelta = timedelta(0)
    frozen: datetime | None = None


_lock = threading.Lock()
_clock = _State()


def wall_now() -> datetime:
    """The machine's time, aware, in UTC."""
    return datetime.now(UTC)


def use_file(path: Path | None) -> None:
    """Share the business-time offset kept in ``path``; None means no offset."""
    with _lock:
        _clock.file, _clock.seen, _clock.offset = path, None, timedelta(0)


def offset() -> timedelta:
    """How far business time is ahead of wall time now."""
    path = _clock.file
    if path is None:
        return timedelta(0)
    try:
        stat = path.stat()
    except FileNotFoundError:
        return timedelta(0)
    stamp = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
    if stamp != _clock.seen:
        with _lock:
            _clock.offset = timedelta(seconds=float(json.loads(path.read_text())["offset_seconds"]))
            _clock.seen = stamp
    return _clock.offset


def business_now() -> datetime:
    """Business time, aware, in UTC: wall time plus the shared offset (or the frozen moment in tests)."""
    return _clock.frozen if _clock.frozen is not None else wall_now() + offset()


def move_to(moment: datetime) -> datetime:
    """Jump business time forward to ``moment`` for every process that shares the clock file.

    Returns the business time after the move. Time never runs backward: an earlier moment is a no-op.
    Raises RuntimeError where the installation has no movable clock.
    """
    if _clock.file is None:
        raise RuntimeError("this installation has no movable clock")
    wanted = moment - wall_now()
    if wanted > offset():
        _clock.file.parent.mkdir(parents=True, exist_ok=True)
        draft = _clock.file.with_name(f"{_clock.file.name}.{os.getpid()}.{threading.get_ident()}")
        draft.write_text(json.dumps({"offset_seconds": wanted.total_seconds()}))
        draft.replace(_clock.file)
    return business_now()


@contextmanager
def frozen(at: datetime) -> Iterator[datetime]:
    """Hold business time of this process still at ``at`` (tests and rebuilds)."""
    before, _clock.frozen = _clock.frozen, at
    try:
        yield at
    finally:
        _clock.frozen = before
