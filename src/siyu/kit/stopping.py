"""Waiting to be asked to stop."""

from __future__ import annotations

import os
import signal
from types import FrameType


class StopRequest:
    """SIGTERM and SIGINT, waited for by the main thread; any number of them, however close together.

    Handlers only write a byte into a pipe. A `threading.Event` set in a handler can wait for itself for ever: its lock
    is not re-entrant, and a second signal may come while the first one's handler, or `wait`, holds it.
    """

    def __init__(self) -> None:
        self._asked, self._ask = os.pipe()
        os.set_blocking(self._ask, False)
        for kind in (signal.SIGTERM, signal.SIGINT):
            signal.signal(kind, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        try:
            os.write(self._ask, b".")
        except BlockingIOError:  # tens of thousands of requests wait to be read: one is enough
            pass

    def wait(self) -> None:
        """Return once asked to stop, at once if that was before."""
        os.read(self._asked, 1)
