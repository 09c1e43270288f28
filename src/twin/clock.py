"""The twin's clock: wall clock plus an offset that only grows."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, timezone

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")


class Clock:
    """Business time of the simulated company, in seconds since 1970."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> float:
        """The present moment of the simulated world."""
        return time.time() + self.offset

    def advance_to(self, moment: float) -> None:
        """Move forward to `moment`; a moment in the past changes nothing."""
        self.offset = max(self.offset, moment - time.time())


def iso(moment: float) -> str:
    """ISO 8601 with offset, UTC."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def china_iso(moment: float) -> str:
    """ISO 8601 with offset +08:00, as a Chinese shop system writes it."""
    return datetime.fromtimestamp(moment, CHINA).isoformat()


def china(moment: float) -> datetime:
    """The moment as date and hour in China."""
    return datetime.fromtimestamp(moment, CHINA)


def parse_moment(value: object) -> float:
    """Seconds since 1970 from a number or an ISO text (without offset: UTC)."""
    if isinstance(value, bool) or value is None:
        raise ValueError("a time is a number of seconds or an ISO 8601 text")
    if isinstance(value, int | float):
        return float(value)
    moment = datetime.fromisoformat(str(value))
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
