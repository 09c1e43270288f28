"""The worker: one process that moves everything that waits.

Threads: one pumps inbox and subscriptions, one the insights, two run jobs, and each registered loop has its own.
Any number of workers may run as long as PostgreSQL has connections for them (``room``); the database decides who
gets what.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import datetime

from django.db import OperationalError, close_old_connections, connection

from siyu.config import room
from siyu.config.prepare import prepare
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.stopping import StopRequest

log = logging.getLogger("siyu.worker")

IDLE_SECONDS = float(os.environ.get("SIYU_IDLE_SECONDS", "0.05"))  # the demo's played days look more often
TROUBLE_SECONDS = 1.0
FULL_ROUND_SECONDS = 15.0
JOB_THREADS = 2


class Pump:
    """Inbox and subscriptions, looked at only when something new can be there.

    Now and then all subscriptions are run, so that nothing depends on what this process remembers.
    Insights have a pump of their own (``apart``): a welcome must not wait while segments are counted.
    """

    def __init__(self, *, apart: bool = False) -> None:
        self._apart = apart
        self._rounds = facts.Rounds(lambda subscription: subscription.apart is apart)
        self._quiet_at: tuple[int, int] | None = None
        self._full_round_at = time.monotonic() + FULL_ROUND_SECONDS

    def __call__(self) -> int:
        """One round; returns how many messages and facts were handled."""
        head = (facts.inbox_head(), facts.log_head())
        if time.monotonic() >= self._full_round_at:
            self._full_round_at = time.monotonic() + FULL_ROUND_SECONDS
            self._rounds.wake_all()
            self._quiet_at = None
        if head == self._quiet_at:
            return 0
        at = clock.business_now()
        taken = 0 if self._apart else facts.drain_inbox(at=at)
        heard, finished = self._rounds.go(at=at)
        # The heads were read before the round, so whatever came meanwhile shows as a new head.
        if finished and not taken and not self._unread(at):
            self._quiet_at = head
        return taken + heard

    def _unread(self, at: datetime) -> int:
        return 0 if self._apart else facts.inbox_pending(at=at)


def most_connections() -> int:
    """How many connections to the database one worker may hold: one for each thread that can be at work."""
    pumps, beat = 2, 1
    return pumps + JOB_THREADS + beat + len(list(foundation.LOOPS.items())) + foundation.CREW.size


def warn_of_crowd() -> None:
    """Say so when there are more workers than the server has connections for; they still run, while it goes well."""
    found = room.look(most_connections())
    running = len(found.workers)
    if running > found.fits:
        log.warning(
            "more workers than PostgreSQL has connections for: when all are busy, pages and callbacks fail;"
            " stop one or raise max_connections",
            extra={
                "workers": running,
                "workers_that_fit": found.fits,
                "connections": found.connections,
                "connections_of_a_worker": found.each,
                "connections_needed": found.needed(running),
            },
        )


class Worker:
    """All threads of one worker process."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.name = f"{socket.gethostname()}:{os.getpid()}"
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Prepare and start the threads."""
        prepare()
        with foundation.transaction():
            foundation.beat(self.name)  # before the first job, which takes a lease that beats renew
        warn_of_crowd()
        connection.close()  # this thread only waits from here on
        self._thread("pump", Pump())
        self._thread("pump-apart", Pump(apart=True))
        for number in range(JOB_THREADS):
            self._thread(f"jobs-{number}", self._jobs)
        for name, loop in foundation.LOOPS.items():
            self._thread(name, self._looped(loop))
        self._thread("beat", self._beat, pause=5.0)

    def _jobs(self) -> int:
        # One at a time: the next one begins at its own moment, however long this one took.
        return foundation.run_due_jobs(at=clock.business_now(), limit=1, stopping=self.stop.is_set)

    def _looped(self, loop: foundation.Loop) -> Callable[[], int]:
        return lambda: loop.run(clock.business_now())

    def _beat(self) -> int:
        with foundation.transaction():
            foundation.beat(self.name)
        return 0

    def _thread(self, name: str, step: Callable[[], int], pause: float = IDLE_SECONDS) -> None:
        thread = threading.Thread(target=self._run, args=(name, step, pause), name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _run(self, name: str, step: Callable[[], int], pause: float) -> None:
        while not self.stop.is_set():
            wait = 0.0
            try:
                close_old_connections()
                if not step():
                    wait = pause
            except OperationalError as error:
                # A lock timeout, a restart of the database: passing trouble, the next round tries again.
                log.warning("worker step waits", extra={"step": name, "reason": str(error).splitlines()[0]})
                wait = TROUBLE_SECONDS
            except Exception:
                # The loop must outlive any fault; what failed is retried or sits among the dead letters.
                log.exception("worker step failed", extra={"step": name})
                wait = TROUBLE_SECONDS
            self.stop.wait(wait)
        connection.close()

    def join(self, seconds: float = 10) -> None:
        """Ask all threads to stop and wait for them, and for calls under way, so that their outcomes are known."""
        self.stop.set()
        for thread in self._threads:
            thread.join(seconds)
        foundation.CREW.finish(seconds)


def main() -> int:
    """Run a worker until SIGTERM or SIGINT."""
    request = StopRequest()
    worker = Worker()
    room.call_me(worker.name)
    try:
        worker.start()
    except OperationalError as error:
        if "too many clients" not in str(error) and "connection slots" not in str(error):
            raise
        log.error(
            "no room for another worker: PostgreSQL has no connection left; stop a worker or raise max_connections",
            extra={"connections_of_a_worker": most_connections(), "reason": str(error).strip()},
        )
        return 1
    log.info("worker started", extra={"worker": worker.name})
    request.wait()
    worker.join()
    return 0


def pending() -> dict[str, int]:
    """What still has to be done now, by station; empty means idle (simulated time may jump).

    Cheap looks come first: while one of them finds something, the log is not measured.
    """
    at = clock.business_now()
    counts = {"inbox": facts.inbox_pending(at=at), "jobs": foundation.jobs_pending(at=at)}
    if not any(counts.values()):
        counts |= {name: loop.pending(at) for name, loop in foundation.LOOPS.items()}
    if not any(counts.values()):
        counts |= {f"facts:{name}": number for name, number in facts.lag().items()}
    return {name: number for name, number in counts.items() if number}
