"""Becomes the command it is given, after asking the kernel to end it with its parent.

Run as a file (``python launch.py PARENT COMMAND …``), so that nothing needs to happen between fork and exec in a
supervisor that has threads. Linux only; elsewhere it just runs the command.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Tie this process to its parent and turn into the command."""
    parent = int(sys.argv[1])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # the supervisor died before the kernel was asked
            sys.exit(1)
    os.execvp(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
