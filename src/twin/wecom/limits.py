"""Frequency and concurrency limits, with the penalties of the documents.

Frequencies are counted on the twin's clock, calls in flight in reality.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from twin.state import Settings
from twin.wecom.errors import WecomError

MINUTE = 60
HOUR = 3600


@dataclass
class _Window:
    start: float = 0.0
    count: int = 0


class Limits:
    """Counters per API; the window starts with its first call, as a penalty with its last."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._windows: dict[tuple[str, int], _Window] = {}
        self._blocked: dict[str, float] = {}
        self._flying: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, key: str, now: float, per_minute: int, per_hour: int) -> None:
        """Count one call; 45009 while blocked and when a limit is exceeded."""
        with self._lock:
            if now < self._blocked.get(key, 0.0):
                raise WecomError(45009)
            for span, most in ((MINUTE, per_minute), (HOUR, per_hour)):
                window = self._windows.setdefault((key, span), _Window())
                if now - window.start >= span:
                    window.start, window.count = now, 0
                window.count += 1
                if most and window.count > most:
                    self._blocked[key] = now + span
                    raise WecomError(45009)

    def enter(self, key: str) -> None:
        """Begin a call; 45033 when too many of its kind are in flight."""
        with self._lock:
            if self._flying[key] >= self._settings.in_flight_cap > 0:
                raise WecomError(45033)
            self._flying[key] += 1

    def leave(self, key: str) -> None:
        """End a call begun with `enter`."""
        with self._lock:
            self._flying[key] -= 1
