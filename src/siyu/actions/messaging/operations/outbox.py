"""Answers of port calls on their way into the database.

Calls end in many threads. Whichever ends writes at once, together with all that ended while the last write was
under way: an answer waits for that one write, never for another call, and a crash loses no more than it would if
each were written alone.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import Error, connection

from siyu.actions.messaging.contracts import SendReport
from siyu.actions.messaging.operations.outcomes import Answered, record_answers
from siyu.foundation import api as foundation

log = logging.getLogger("siyu.messaging")

TRIES = 4
PAUSE_SECONDS = 0.5  # doubled each time; what cannot be written is unclear once its lease is over


@dataclass(frozen=True, slots=True)
class Answer:
    """What one call came to, and who wants to know that it is written."""

    answered: Answered
    written: Callable[[SendReport], None]
    failed: Callable[[Exception], None]


class Outbox:
    """Collects answers; one thread at a time writes them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: list[Answer] = []

    def put(self, answer: Answer) -> None:
        """Write an answer, or leave it to the thread that is just writing and looks again after it."""
        with self._lock:
            self._waiting.append(answer)
        while self._waiting and self._writing.acquire(blocking=False):
            try:
                with self._lock:
                    taken, self._waiting = self._waiting, []
                for together in _apart(taken):
                    _write(together)
            finally:
                self._writing.release()


def _apart(answers: list[Answer]) -> list[list[Answer]]:
    """In order, no two about one delivery together: a slow attempt and its repetition may end at once."""
    parts: list[list[Answer]] = []
    met: set[int] = set()
    for each in answers:
        ids = {outcome.delivery_id for outcome in each.answered.outcomes}
        if not parts or met & ids:
            parts.append([])
            met = set()
        parts[-1].append(each)
        met |= ids
    return parts


def _write(answers: list[Answer]) -> None:
    try:
        reports = _record([each.answered for each in answers])
    except Exception as error:
        if len(answers) > 1:  # so that one that cannot be written keeps no other back
            for each in answers:
                _write([each])
            return
        log.exception("an outcome could not be written; it is unclear once its lease is over")
        answers[0].failed(error)
        return
    for each, report in zip(answers, reports, strict=True):
        each.written(report)


def _record(answers: list[Answered]) -> list[SendReport]:
    """Write in one transaction; a database that is away for a moment is asked again."""
    for attempt in range(TRIES):
        try:
            with foundation.transaction():
                return record_answers(answers)
        except Error:
            if connection.in_atomic_block or attempt == TRIES - 1:
                raise
            time.sleep(PAUSE_SECONDS * 2**attempt)
            connection.close()
    raise AssertionError("not reached")


OUTBOX = Outbox()
