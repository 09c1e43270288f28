"""Structured logs: one JSON object a line, with one correlation id from request to job to fact."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar

from siyu.kit import clock
from siyu.kit.ids import new_id

_correlation: ContextVar[str] = ContextVar("correlation_id", default="")

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def correlation_id() -> str:
    """The id that ties together all that one request or callback caused; empty outside of any."""
    return _correlation.get()


class correlated:
    """Run a block under a correlation id, a new one when none is given; ``as`` gives the id."""

    __slots__ = ("_token", "_value")

    def __init__(self, value: str | None = None) -> None:
        self._value = value or new_id()

    def __enter__(self) -> str:
        self._token = _correlation.set(self._value)
        return self._value

    def __exit__(self, *_: object) -> None:
        _correlation.reset(self._token)


class JsonFormatter(logging.Formatter):
    """Formats a record with time, level, logger, message, correlation id and its ``extra`` fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON line."""
        line: dict[str, object] = {
            "at": clock.wall_now().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if correlation_id():
            line["correlation_id"] = correlation_id()
        line.update({k: v for k, v in vars(record).items() if k not in _STANDARD and not k.startswith("_")})
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
