"""Calls made side by side: how many at once, what a slow one does to the others, a process killed among them."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta

import pytest
from django.db import connection

from siyu.actions.messaging import api as messaging
from siyu.foundation import api as foundation
from siyu.foundation.work.crew import Crew
from siyu.kit import clock
from tests.actions.world import NOON, Platform, answer_all, channel, message, people, states, told

Result, Unclear = messaging.Result, messaging.Unclear
pytestmark = pytest.mark.django_db(transaction=True)
SENT = answer_all(Result.SENT)


@pytest.fixture
def wide() -> Iterator[Platform]:
    """Each customer alone, four calls at once."""
    with channel(Platform(max_batch=1, side_by_side=4)) as platform:
        yield platform
        assert foundation.CREW.finish(10)


class Under:
    """Counts how many calls are under way; each lasts until ``open`` is set or its time is over."""

    def __init__(self, seconds: float = 0.1) -> None:
        self.lock, self.open = threading.Lock(), threading.Event()
        self.seconds, self.now, self.most = seconds, 0, 0

    def __call__(self, items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        with self.lock:
            self.now += 1
            self.most = max(self.most, self.now)
        self.open.wait(self.seconds)
        with self.lock:
            self.now -= 1
        return SENT(items)


def queue(count: int, prefix: str = "k", **extra: object) -> None:
    with foundation.transaction():
        crowd = people(count, prefix)
        messaging.queue([message(f"{prefix}{n}", who, **extra) for n, who in enumerate(crowd)], at=NOON)


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def test_as_many_calls_at_once_as_the_channel_bears(wide: Platform) -> None:
    wide.on_send = under = Under()
    queue(20)
    report = messaging.send_due(at=NOON)
    assert (report.claimed, report.sent) == (20, 20)
    assert under.most == 4
    assert sorted(key for call in wide.keys for key in call) == sorted(f"k{n}" for n in range(20))
    assert set(wide.in_transaction) == {False}
    assert states() == {"sent": 20}
    assert told("delivery.sent") == ["delivery.sent"] * 20


def test_one_call_that_hangs_does_not_hold_what_comes_after_it(wide: Platform) -> None:
    hangs = threading.Event()

    def send(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        if items[0].key == "slow0":
            hangs.wait(20)
        return SENT(items)

    wide.on_send = send
    queue(1, "slow")
    queue(30, "quick", kind="service", expires_at=NOON + timedelta(seconds=20))
    report = messaging.send_due(at=NOON, leave=lambda: states() == {"sending": 1, "sent": 30})
    assert report.sent == 30
    queue(3, "later", kind="service")
    assert messaging.send_due(at=NOON, leave=lambda: states() == {"sending": 1, "sent": 33}).sent == 3
    hangs.set()
    until(lambda: states() == {"sent": 34})  # it is written down though nobody waits for it
    assert len(wide.calls) == 34


def test_no_more_is_claimed_than_can_be_begun_soon(wide: Platform) -> None:
    wide.on_send = under = Under(20)
    queue(70)
    messaging.send_due(at=NOON, leave=lambda: True)
    assert states() == {"queued": 20, "sending": 50}
    assert messaging.send_due(at=NOON, leave=lambda: True).claimed == 0
    under.open.set()
    until(lambda: states() == {"queued": 20, "sent": 50})
    messaging.send_due(at=NOON)
    assert states() == {"sent": 70}
    assert len({key for call in wide.keys for key in call}) == len(wide.calls) == 70


def test_each_call_looks_at_the_clock_when_its_turn_comes(wide: Platform) -> None:
    wide.on_send, wide.side_by_side = Under(2.05), 2
    queue(5, kind="service", expires_at=NOON + timedelta(seconds=2))
    report = messaging.send_due(at=NOON)
    assert (report.sent, report.failed) == (2, 3)
    assert len(wide.calls) == 2
    assert states() == {"failed": 3, "sent": 2}


def test_what_another_has_settled_meanwhile_is_not_called(wide: Platform) -> None:
    """The lease of a claim runs out while its first calls are slow: the others are not made."""
    wide.on_send, wide.side_by_side, wide.unclear = Under(1), 2, Unclear.UNKNOWN_FINAL
    queue(4)

    def settled() -> bool:
        with foundation.transaction():
            messaging.resolve_unclear(at=NOON)
        return False

    messaging.send_due(at=NOON, lease=timedelta(0), leave=settled)
    assert len(wide.calls) == 2
    assert states() == {"sent": 2, "unknown": 2}


def test_a_port_that_fails_fails_alone(wide: Platform) -> None:
    def send(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        if items[0].key == "k1":
            raise ConnectionResetError
        return SENT(items)

    wide.on_send = send
    queue(6)
    report = messaging.send_due(at=NOON)
    assert (report.sent, report.unknown) == (5, 1)
    assert states() == {"sent": 5, "unknown": 1}


def test_two_senders_with_many_threads_send_nothing_twice(wide: Platform) -> None:
    wide.on_send = Under(0.01)
    queue(120)
    seconds = [threading.Thread(target=_send_all) for _n in range(2)]
    for each in seconds:
        each.start()
    for each in seconds:
        each.join(60)
    keys = [key for call in wide.keys for key in call]
    assert len(keys) == len(set(keys)) == 120
    assert states() == {"sent": 120}


def _send_all() -> None:
    try:
        for _turn in range(6):
            messaging.send_due(at=NOON)
    finally:
        connection.close()


def test_a_process_killed_between_loses_no_outcome_and_repeats_no_call(wide: Platform) -> None:
    """Of twelve calls eight have ended, four hang when the process dies."""
    wide.unclear = Unclear.UNKNOWN_FINAL
    queue(12)
    connection.close()
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _child(wide, writer)
    try:
        os.close(writer)
        until(lambda: states() == {"sending": 4, "sent": 8})
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    with os.fdopen(reader) as lines:
        called = lines.read().split()
    assert sorted(called) == sorted(f"k{n}" for n in range(12))
    foundation.execute(
        "UPDATE actions_messaging_delivery SET lease_until = %s WHERE lease_until IS NOT NULL",
        [clock.wall_now()],
    )
    with foundation.transaction():
        assert messaging.resolve_unclear(at=NOON).unknown == 4
    messaging.send_due(at=NOON)
    assert states() == {"sent": 8, "unknown": 4}
    assert wide.calls == []


def _child(platform: Platform, writer: int) -> None:
    try:
        foundation.CREW = Crew()  # threads do not come along

        def send(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
            os.write(writer, f"{items[0].key} ".encode())
            if items[0].key in {"k8", "k9", "k10", "k11"}:
                time.sleep(60)
            return SENT(items)

        platform.on_send = send
        messaging.send_due(at=NOON)
    finally:
        os._exit(1)
