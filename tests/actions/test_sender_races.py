"""A message leaves in the very moment in which something else happens to it: its state stays the true one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from siyu.actions.messaging import api as messaging
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from tests.actions.world import NOON, Platform, channel, in_threads, message, people, states

LATER = NOON + timedelta(hours=2)
pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def mass() -> Iterator[Platform]:
    with channel(Platform()) as platform:
        yield platform


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "did not happen in time"
        time.sleep(0.02)


def _say(customer_id: int, granted: bool) -> None:
    customers.set_consent(customer_id, "*", "promotional", granted, at=NOON, evidence="said so")


def somebody_waits_for_a_lock() -> bool:
    return bool(
        foundation.fetch(
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
    )


def test_an_opt_out_that_waited_for_the_sender_does_not_call_held_what_has_left(mass: Platform) -> None:
    first, second = people(2)
    busy, leaves = messaging.queue([message("busy", first, due_at=LATER), message("leaves", second)], at=NOON)
    looked_at, gone = threading.Event(), threading.Event()

    def work(number: int) -> None:
        if number == 0:  # somebody has a look at another message of the batch
            with foundation.transaction():
                messaging.remind([busy.delivery_id], at=NOON)
                looked_at.set()
                assert gone.wait(10)
        elif number == 1:  # the opt-out has found both open, and waits for the first
            assert looked_at.wait(10)
            with foundation.transaction():
                _say(second.customer_id, False)
                messaging.recheck([first.customer_id, second.customer_id], at=NOON)
        else:
            until(somebody_waits_for_a_lock)
            assert messaging.send_due(at=NOON).sent == 1
            gone.set()

    assert in_threads(3, work) == []
    assert states() == {"queued": 1, "sent": 1}
    _say(second.customer_id, True)
    messaging.recheck([second.customer_id], at=NOON)
    messaging.send_due(at=NOON)
    assert mass.keys == [["leaves"]]
