"""The guard: waits until nobody uses the server any more, then stops it and ends.

Run as ``python -m siyu.foundation.postgres.guard FOLDER LOCK``; LOCK is the number of the open file, inherited
from whoever started it, that holds the ``guard`` lock.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from pathlib import Path

from . import locks
from .halting import halt


def main(base: Path, own_lock: int) -> int:
    """Wait for the last user to leave, stop the server, leave."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    users = os.open(base / "users.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(users, fcntl.LOCK_EX)
    # New users wait at the users lock from here on, so none can meet a server that is going down.
    with locks.held(base, "start", 600):
        halt(base, base / "data")
    # Given back before ``users``: who comes next must not take a leaving guard for a waiting one.
    os.close(own_lock)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
