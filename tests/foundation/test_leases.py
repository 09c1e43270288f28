"""A worker that beats gives short leases and renews them; one that died is noticed within seconds."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from siyu.foundation import api as foundation
from siyu.foundation.work import leases
from siyu.foundation.work.contracts import JOBS
from siyu.kit import clock

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
SPAN = timedelta(minutes=10)
seen: list[timedelta] = []


def lease_left() -> timedelta:
    [(until,)] = foundation.fetch("SELECT lease_until FROM foundation_work_job WHERE state = 'running'")
    return timedelta(seconds=(until - clock.wall_now()).total_seconds())


@pytest.fixture
def long_job(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    def run(payload: dict[str, object], job: foundation.JobRun) -> None:
        seen.append(lease_left())
        foundation.execute("UPDATE foundation_work_job SET lease_until = now() + interval '1 second'")
        foundation.beat("test")
        seen.append(lease_left())

    kind = foundation.JobType("test.long", run, lease=SPAN, transactional=False)
    monkeypatch.setitem(JOBS._items, kind.name, kind)
    monkeypatch.setattr(leases, "_process", leases._Process())
    seen.clear()
    yield kind.name


def test_where_nothing_beats_the_lease_is_the_kinds_own(long_job: str) -> None:
    foundation.enqueue(long_job, due_at=NOON)
    foundation.run_due_jobs(at=NOON, only=[long_job])
    assert timedelta(minutes=9) < seen[0] <= SPAN


def test_a_beating_worker_gives_short_leases_and_renews_them(long_job: str) -> None:
    foundation.beat("test")
    foundation.enqueue(long_job, due_at=NOON)
    foundation.run_due_jobs(at=NOON, only=[long_job])
    assert timedelta(seconds=25) < seen[0] <= leases.SHORT
    assert timedelta(seconds=25) < seen[1] <= leases.SHORT


def test_a_job_without_a_sign_of_life_is_not_renewed_for_ever(
    long_job: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases.Held, "trusted", False)
    foundation.beat("test")
    foundation.enqueue(long_job, due_at=NOON)
    foundation.run_due_jobs(at=NOON, only=[long_job])
    assert seen[1] <= timedelta(seconds=1)
