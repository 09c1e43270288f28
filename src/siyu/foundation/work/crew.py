"""Calls to outside systems, made side by side by a bounded number of threads of this process.

Work is given in lanes: a lane is one thing at the other end (a channel, one API) with a bound of its own on how
many calls may be under way there, so that one that answers slowly cannot take all threads. Each thread has its own
database connection; it is closed when the thread has had nothing to do for a while.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from django.db import close_old_connections, connection

log = logging.getLogger("siyu.work")

THREADS = 12
"""Of one process. Each costs a database connection while it works, of which PostgreSQL ships with a hundred."""

IDLE_SECONDS = 5.0
Task = Callable[[], None]
Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass
class _Lane:
    at_once: int
    waiting: deque[Task] = field(default_factory=deque)
    running: int = 0


class Crew:
    """The threads and what waits for them. Tasks deal with their own errors; one that does not is logged."""

    def __init__(self, size: int = THREADS) -> None:
        self._size = size
        self._lanes: dict[str, _Lane] = {}
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0

    @property
    def size(self) -> int:
        """The most threads, and so database connections, it ever has."""
        return self._size

    def submit(self, lane: str, at_once: int, task: Task) -> None:
        """Have a task done as soon as a thread is free and fewer than ``at_once`` of its lane are under way."""
        with self._changed:
            place = self._lanes.setdefault(lane, _Lane(at_once))
            place.at_once = max(1, at_once)
            # Logs name the request or job that a thread works for.
            place.waiting.append(partial(contextvars.copy_context().run, task))
            if self._idle < self._ready() and self._threads < self._size:
                self._threads += 1
                threading.Thread(target=self._work, name=f"crew-{self._threads}", daemon=True).start()
            self._changed.notify()

    def count(self, lane: str) -> int:
        """How many tasks of a lane wait or are under way."""
        with self._changed:
            place = self._lanes.get(lane)
            return place.running + len(place.waiting) if place else 0

    def finish(self, seconds: float) -> bool:
        """Wait until nothing waits or is under way; False when it took longer."""
        with self._changed:
            return self._changed.wait_for(self._empty, timeout=seconds)

    def _empty(self) -> bool:
        return not any(place.running or place.waiting for place in self._lanes.values())

    def _ready(self) -> int:
        """How many tasks a thread could take up at once."""
        return sum(min(len(place.waiting), place.at_once - place.running) for place in self._lanes.values())

    def _next(self) -> tuple[_Lane, Task] | None:
        for name, place in self._lanes.items():
            if place.waiting and place.running < place.at_once:
                place.running += 1
                self._lanes[name] = self._lanes.pop(name)  # each lane has its turn
                return place, place.waiting.popleft()
        return None

    def _work(self) -> None:
        try:
            while (found := self._take()) is not None:
                place, task = found
                try:
                    _tidy()
                    task()
                except BaseException:
                    log.exception("task failed")
                finally:
                    with self._changed:
                        place.running -= 1
                        self._changed.notify_all()
        finally:
            connection.close()

    def _take(self) -> tuple[_Lane, Task] | None:
        """The next task; None when none came for a while: then the thread has to end."""
        with self._changed:
            end = time.monotonic() + IDLE_SECONDS
            while (found := self._next()) is None:
                self._idle += 1
                more = self._changed.wait(end - time.monotonic())
                self._idle -= 1
                if not more or time.monotonic() >= end:
                    if (found := self._next()) is None:
                        self._threads -= 1
                    return found
            return found


def _tidy() -> None:
    """Let go of a connection that is dead or too old; whatever is wrong with it, the task has to be begun."""
    try:
        close_old_connections()
    except Exception:
        log.warning("a thread's database connection could not be looked at", exc_info=True)


CREW = Crew()


def side_by_side(
    lane: str, at_once: int, items: Sequence[Item], work: Callable[[Item], Value]
) -> list[Value | Exception]:
    """``work(item)`` for each, at most ``at_once`` of a lane at a time; what it returned or raised, in order.

    Runs in threads with database connections of their own, so not for use inside a transaction.
    """
    answers: list[Value | Exception] = [RuntimeError(f"{lane}: nothing came of it")] * len(items)
    left = threading.Semaphore(0)

    def one(place: int) -> None:
        try:
            answers[place] = work(items[place])
        except Exception as error:
            answers[place] = error
        finally:
            left.release()

    if at_once <= 1 or len(items) <= 1:
        for place in range(len(items)):
            one(place)
    else:
        for place in range(len(items)):
            CREW.submit(lane, at_once, partial(one, place))
        for _item in items:
            left.acquire()
    return answers
