"""Errors that may cross a module's door.

Each carries a machine-readable ``code`` and a message (lazily translated) that tells its reader what
to do. Interfaces turn them into pages and HTTP statuses, the worker into retries or dead letters.
"""

from __future__ import annotations

from typing import Any


class SiyuError(Exception):
    """Base of all expected errors. ``params`` fill the message and are safe to show."""

    status = 500

    def __init__(self, code: str, message: object = "", **params: Any) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.params = params

    def __str__(self) -> str:
        text = str(self.message) or self.code
        return text % self.params if self.params and "%(" in text else text


def reason_of(error: BaseException) -> str:
    """What to keep and show of an error: the text meant for readers, or of an unexpected one its kind as well."""
    return str(error) if isinstance(error, SiyuError) else f"{type(error).__name__}: {error}"


class BadInput(SiyuError):
    """What was sent cannot be accepted; nothing was changed. ``fields`` maps field name → message."""

    status = 422

    def __init__(
        self, code: str, message: object = "", *, fields: dict[str, object] | None = None, **params: Any
    ) -> None:
        super().__init__(code, message, **params)
        self.fields = fields or {}


class NotFound(SiyuError):
    """There is no such thing, or it lies outside the reader's scope (the two are not told apart)."""

    status = 404


class Denied(SiyuError):
    """The reader's role may not do this at all."""

    status = 403


class Conflict(SiyuError):
    """The thing changed in between, or a state forbids the step; nothing was changed."""

    status = 409


class RetryLater(SiyuError):
    """A passing fault; ``after_seconds`` says when trying again makes sense."""

    status = 503

    def __init__(
        self, code: str, message: object = "", *, after_seconds: float | None = None, **params: Any
    ) -> None:
        super().__init__(code, message, **params)
        self.after_seconds = after_seconds


class Permanent(SiyuError):
    """An outside system refused for good; trying again changes nothing."""

    status = 502


class OutcomeUnknown(SiyuError):
    """An outside system may or may not have done what was asked; never repeat blindly."""

    status = 502
