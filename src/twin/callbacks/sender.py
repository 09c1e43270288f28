"""Delivering callbacks: three attempts of five seconds each, from a small pool of threads.

Waiting here is wall time: networks know no simulated clock.
"""

from __future__ import annotations

import heapq
import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from twin.callbacks import crypto, xml
from twin.rng import name_of, rng
from twin.state import App, Callback

if TYPE_CHECKING:
    from twin.world import World

ATTEMPTS = 3
SECONDS = 5.0
WORKERS = 8


def request(
    method: str, url: str, body: bytes | None, headers: dict[str, str], seconds: float
) -> tuple[int, bytes]:
    """One HTTP call on a connection of its own: (status, body). OSError when there is no answer."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise OSError(f"not an address: {url}") from error
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", port, timeout=seconds)
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request(method, target, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(2_000_000)
    except (http.client.HTTPException, ValueError) as error:
        raise OSError(str(error)) from error
    finally:
        connection.close()


def signed_url(app: App, url: str, encrypted: str, extra: dict[str, str]) -> str:
    """The receiver's address with signature, time and nonce."""
    timestamp = str(int(time.time()))
    nonce = str(time.time_ns())[-10:]
    query = {
        "msg_signature": crypto.signature(app.token, timestamp, nonce, encrypted),
        "timestamp": timestamp,
        "nonce": nonce,
        **extra,
    }
    return url + ("&" if "?" in url else "?") + urlencode(query)


def verify_receiver(app: App, corpid: str, url: str) -> tuple[bool, str, int]:
    """The echo check of the admin console: (right, what went wrong, milliseconds)."""
    echo = name_of(time.time_ns(), "echo", length=19, alphabet="123456789")
    encrypted = crypto.encrypt(app.aes_key, corpid, echo)
    started = time.monotonic()
    try:
        status, body = request(
            "GET", signed_url(app, url, encrypted, {"echostr": encrypted}), None, {}, SECONDS
        )
    except OSError as error:
        return False, f"no answer: {error}", int((time.monotonic() - started) * 1000)
    spent = int((time.monotonic() - started) * 1000)
    if status != 200:
        return False, f"answered HTTP {status}", spent
    if body != echo.encode():
        return False, "answered something else than the decrypted echostr", spent
    return True, "", spent


@dataclass(order=True)
class Delivery:
    """One copy of one callback on its way."""

    due: float
    seq: int
    row: Callback = field(compare=False)
    attempt: int = field(compare=False, default=1)


class CallbackSender:
    """Queue and worker threads. `world.lock` guards the rows, `_wake` the queue."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: list[Delivery] = []
        self._wake = threading.Condition()
        self._busy = 0
        self._seq = 0
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the workers and take up what an earlier run left pending."""
        for number in range(WORKERS):
            thread = threading.Thread(target=self._work, name=f"callback-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)
        for row in self._world.state.callbacks:
            if row.status == "pending":
                self._put(row, 0.0)

    def stop(self) -> None:
        """Let the workers end after what they are doing."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        for thread in self._threads:
            thread.join(SECONDS + 1)

    @property
    def idle(self) -> bool:
        """Whether nothing waits and nothing is on its way."""
        with self._wake:
            return not self._queue and not self._busy

    def submit(self, row: Callback) -> None:
        """Send a new callback, or lose, repeat or delay it as the faults say."""
        faults = self._world.state.faults
        source = rng(self._world.state.seed, "callback-fault", row.id)
        draws = [source.random() for _ in range(3)]
        if draws[0] < faults.lose:
            row.status = "lost"
            return
        delay = faults.delay_ms / 1000
        if draws[1] < faults.reorder:
            delay += 0.2 + source.random()
        self._put(row, delay)
        if draws[2] < faults.duplicate:
            row.deliveries += 1
            self._put(row, delay + source.random() / 2)

    def _put(self, row: Callback, delay: float, attempt: int = 1) -> None:
        with self._wake:
            self._seq += 1
            heapq.heappush(self._queue, Delivery(time.monotonic() + delay, self._seq, row, attempt))
            self._wake.notify()

    def _take(self) -> Delivery | None:
        with self._wake:
            while not self._stopping:
                wait = self._queue[0].due - time.monotonic() if self._queue else None
                if wait is not None and wait <= 0:
                    self._busy += 1
                    return heapq.heappop(self._queue)
                self._wake.wait(wait)
            return None

    def _work(self) -> None:
        while (delivery := self._take()) is not None:
            try:
                self._attempt(delivery)
            finally:
                with self._wake:
                    self._busy -= 1

    def _attempt(self, delivery: Delivery) -> None:
        world, row = self._world, delivery.row
        app = world.state.apps[row.app]
        encrypted = crypto.encrypt(app.aes_key, world.state.corpid, row.plaintext)
        body = xml.envelope(world.state.corpid, app.agentid, encrypted).encode()
        status, trouble = 0, ""
        started = time.monotonic()
        try:
            status, _ = request(
                "POST", signed_url(app, app.callback_url, encrypted, {}), body,
                {"Content-Type": "text/xml; charset=utf-8", "User-Agent": "Mozilla/4.0"}, world.state.settings.callback_ms / 1000,
            )  # fmt: skip
        except OSError as error:
            trouble = str(error) or type(error).__name__
        good = status == 200 or (status > 0 and not world.state.settings.retry_non_200)
        with world.lock:
            row.attempts += 1
            spent = int((time.monotonic() - started) * 1000)
            world.record(
                "callback_attempts", callback_id=row.id, attempt=delivery.attempt, http=status,
                error=trouble, ms=spent,
            )  # fmt: skip
            again = not good and delivery.attempt < ATTEMPTS
            if good:
                row.status = "accepted"
            elif not again and row.status == "pending" and not self._others(row):
                row.status = "failed"
        if again:
            self._put(row, world.state.settings.retry_ms / 1000, delivery.attempt + 1)

    def _others(self, row: Callback) -> bool:
        """Whether another copy of the callback still waits."""
        with self._wake:
            return any(delivery.row is row for delivery in self._queue)


Emit = Callable[[str, str, dict[str, xml.Field], int], None]
