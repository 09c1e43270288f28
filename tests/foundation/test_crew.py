"""Threads for calls to outside systems."""

from __future__ import annotations

import threading
import time

import pytest
from django.db import connection

from siyu.foundation import api as foundation
from siyu.foundation.work import crew as crew_module
from siyu.foundation.work.crew import Crew


def test_a_lane_takes_no_more_threads_than_it_may() -> None:
    crew, gate = Crew(4), threading.Event()
    begun: list[str] = []

    def task(name: str) -> None:
        begun.append(name)
        gate.wait(10)

    for _n in range(10):
        crew.submit("slow", 2, lambda: task("slow"))
    crew.submit("quick", 2, lambda: task("quick"))
    end = time.monotonic() + 5
    while len(begun) < 3 and time.monotonic() < end:
        time.sleep(0.01)
    time.sleep(0.05)
    assert sorted(begun) == ["quick", "slow", "slow"]
    assert (crew.count("slow"), crew.count("quick"), crew.count("none")) == (10, 1, 0)
    assert not crew.finish(0.05)
    gate.set()
    assert crew.finish(10)
    assert len(begun) == 11


def test_a_task_that_fails_takes_nothing_with_it() -> None:
    crew, done = Crew(1), []

    def fails() -> None:
        raise SystemExit

    crew.submit("lane", 1, fails)
    crew.submit("lane", 1, lambda: done.append(1))
    assert crew.finish(10)
    assert done == [1]


@pytest.mark.django_db(transaction=True)
def test_answers_come_in_order_and_errors_stand_in_their_place() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise ValueError(number)
        time.sleep(0.02 * (5 - number))
        return number * 10

    answers = foundation.side_by_side("test", 4, [0, 1, 2, 3, 4], work)
    assert [str(answer) for answer in answers] == ["0", "10", "20", "3", "40"]
    assert isinstance(answers[3], ValueError)


@pytest.mark.django_db(transaction=True)
def test_threads_give_their_connections_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew_module, "IDLE_SECONDS", 0.1)
    crew, seen = Crew(3), set[int]()

    def ask() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid(), pg_sleep(0.05)")
            seen.add(cursor.fetchone()[0])

    for _n in range(6):
        crew.submit("lane", 3, ask)
    assert crew.finish(10)
    assert len(seen) == 3
    end = time.monotonic() + 10
    while foundation.fetch("SELECT 1 FROM pg_stat_activity WHERE pid = ANY(%s)", [list(seen)]):
        assert time.monotonic() < end, "connections stay open"
        time.sleep(0.05)
    crew.submit("lane", 3, ask)  # and new threads come when there is work again
    assert crew.finish(10)
    assert len(seen) == 4
