"""End a server. Apart from the rest because the guard, which waits for days, should load little."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from . import locks, troubles


def halt(base: Path, data: Path, seconds: float = 30) -> bool:
    """End the server of this folder: politely, then firmly, then by force; the ``start`` lock is held."""
    if not locks.is_held(base, "alive"):
        return False
    for kind in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        pid = _server_pid(data)
        if pid is not None:
            os.kill(pid, kind)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not locks.is_held(base, "alive"):
                return True
            time.sleep(0.02)
    raise troubles.locked(base, 3 * seconds)


def _server_pid(data: Path) -> int | None:
    """The noted process, if it really is a server of this folder and not a later program of that number."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return pid if os.fsencode(data) in command else None
