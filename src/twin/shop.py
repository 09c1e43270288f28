"""The shop reports its orders to siyu: in batches, with the same ids until it has an answer."""

from __future__ import annotations

import json
import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from twin.callbacks.sender import request
from twin.rng import rng
from twin.state import ShopEvent

if TYPE_CHECKING:
    from twin.world import World

BATCH = 100
SECONDS = 10.0
PAUSES = (0.5, 1, 2, 4, 8, 15)
OUTCOMES = ("accepted", "duplicate", "rejected")
EARLY = "event.time"
"""Siyu's word for an event from its future: clocks differ for a moment, so it is reported again a little later."""

EARLY_TRIES = 8


def _outcomes(document: Any) -> dict[str, tuple[str, str, str]]:
    """Per event id: (outcome, reason, code of the error), from siyu's answer."""
    rows = document.get("results") or document.get("events") if isinstance(document, dict) else None
    found: dict[str, tuple[str, str, str]] = {}
    for row in rows or []:
        if isinstance(row, dict):
            outcome = str(row.get("status") or row.get("outcome") or row.get("result") or "")
            reason = row.get("reason") or row.get("message") or ""
            found[str(row.get("id"))] = (
                outcome,
                reason if isinstance(reason, str) else str(reason),
                str(row.get("error") or ""),
            )
    return found


class ShopReporter:
    """One thread that empties a queue of order facts."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._queue: deque[ShopEvent] = deque()
        self._wake = threading.Condition()
        self._busy = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="shop", daemon=True)

    def start(self) -> None:
        """Start reporting, first what an earlier run left unreported."""
        self._queue.extend(row for row in self._world.state.shop_events if row.status == "pending")
        self._thread.start()

    def stop(self) -> None:
        """End after the batch under way."""
        with self._wake:
            self._stopped.set()
            self._wake.notify_all()
        self._thread.join(SECONDS + 1)

    @property
    def idle(self) -> bool:
        """Whether everything is reported (or there is nowhere to report to)."""
        with self._wake:
            return not self._busy and (not self._queue or not self._world.state.shop.url)

    def submit(self, event: ShopEvent) -> None:
        """Queue a fact."""
        with self._wake:
            self._queue.append(event)
            self._wake.notify()

    def connected(self) -> None:
        """Called when the address was set: report what has waited."""
        with self._wake:
            self._wake.notify()

    def _take(self) -> list[ShopEvent]:
        with self._wake:
            while not self._stopped.is_set() and not (self._queue and self._world.state.shop.url):
                self._wake.wait()
            if self._stopped.is_set():
                return []
            self._busy = True
            return [self._queue.popleft() for _ in range(min(BATCH, len(self._queue)))]

    def _work(self) -> None:
        while batch := self._take():
            left, tries = batch, 0
            while left and not self._stopped.is_set():
                left = self._send(left)
                if left:
                    self._stopped.wait(PAUSES[min(tries, len(PAUSES) - 1)])
                    tries += 1
            taken = [row for row in batch if row.status in ("accepted", "duplicate")]
            if taken and not left and self._doubled(batch[0]):
                self._send(taken)
            with self._wake:
                self._busy = False

    def _send(self, batch: list[ShopEvent]) -> list[ShopEvent]:
        """One POST; returns the events that must be sent again."""
        world, shop = self._world, self._world.state.shop
        body = json.dumps({"events": [row.body for row in batch]}, ensure_ascii=False).encode()
        headers = {
            "Authorization": f"Bearer {shop.api_key}",
            "Content-Type": "application/json; charset=utf-8",
        }
        status, answer, trouble = 0, b"", ""
        try:
            url = f"{shop.url.rstrip('/')}/api/v1/events"
            status, answer = request("POST", url, body, headers, SECONDS)
        except OSError as error:
            trouble = str(error) or type(error).__name__
        with world.lock:
            for row in batch:
                row.attempts += 1
            world.record("shop_calls", events=len(batch), http=status, error=trouble)
            if status in (400, 409, 413, 422):
                return self._refused(batch, status, answer)
            if not 200 <= status < 300:
                for row in batch:
                    row.answer = trouble or f"HTTP {status}"
                return batch
            return self._settle(batch, answer)

    def _doubled(self, first: ShopEvent) -> bool:
        """Whether a batch is sent once more although it was answered (a fault)."""
        source = rng(self._world.state.seed, "shop-fault", first.id)
        return source.random() < self._world.state.faults.duplicate

    def _refused(self, batch: list[ShopEvent], status: int, answer: bytes) -> list[ShopEvent]:
        """The whole batch was refused: try one by one, then give up with the reason."""
        if len(batch) > 1:
            with self._wake:
                self._queue.extendleft(reversed(batch[1:]))
            return batch[:1]
        batch[0].status = "rejected"
        batch[0].answer = f"HTTP {status}: {answer[:500].decode(errors='replace')}"
        return []

    def _settle(self, batch: list[ShopEvent], answer: bytes) -> list[ShopEvent]:
        """Note each event's answer; the first one stands when an event was sent twice."""
        try:
            outcomes = _outcomes(json.loads(answer))
        except ValueError:
            outcomes = {}
        again = []
        for row in batch:
            outcome, reason, code = outcomes.get(row.id, ("", "not in the answer", ""))
            early = outcome == "rejected" and code == EARLY and row.status == "pending"
            row.early += early
            if outcome not in OUTCOMES or (early and row.early < EARLY_TRIES):
                row.answer = reason
                again.append(row)
            elif row.status == "pending":
                row.status, row.answer = outcome, reason
        return again
