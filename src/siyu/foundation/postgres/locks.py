"""File locks that the kernel gives back when their holder dies, however it dies.

``users``  shared by every process that needs the server; when nobody holds it any more the guard stops it.
``start``  held while starting, stopping or setting up: two starters at once make one server.
``alive``  inherited by the server and all its children: whoever holds it is using the data folder.
``guard``  held by the guard process.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import troubles


def open_lock(base: Path, name: str) -> int:
    """Open (and make) a lock file; the caller closes it."""
    try:
        return os.open(base / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise troubles.from_os_error(base, error) from error


def try_lock(fd: int, *, shared: bool = False) -> bool:
    """Take the lock if it is free."""
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_lock(fd: int, base: Path, seconds: float, *, shared: bool = False) -> None:
    """Take the lock, waiting at most so long; then say that another process holds it."""
    end = time.monotonic() + seconds
    while not try_lock(fd, shared=shared):
        if time.monotonic() > end:
            raise troubles.locked(base, seconds)
        time.sleep(0.02)


@contextmanager
def held(base: Path, name: str, seconds: float) -> Iterator[None]:
    """Hold a lock for the length of a block."""
    fd = open_lock(base, name)
    try:
        wait_lock(fd, base, seconds)
        yield
    finally:
        os.close(fd)


def is_held(base: Path, name: str) -> bool:
    """Whether some process holds the lock now."""
    if not (base / f"{name}.lock").exists():
        return False
    fd = open_lock(base, name)
    try:
        return not try_lock(fd)
    finally:
        os.close(fd)
