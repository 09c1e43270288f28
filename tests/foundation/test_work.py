"""Jobs and schedules: once, retried, stoppable, never lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from siyu.foundation import api as foundation
from siyu.foundation.api import JobRun, JobType
from siyu.kit.errors import Conflict, RetryLater

AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
RAN: list[dict[str, Any]] = []
TROUBLE: list[Exception] = []


def note(payload: dict[str, Any], run: JobRun) -> None:
    foundation.execute(
        "INSERT INTO foundation_settings_settingvalue (key, value, effective_from, set_at, set_by)"
        " VALUES ('t', '1', %s, %s, 't')",
        [AT, AT],
    )
    if TROUBLE:
        raise TROUBLE.pop()
    RAN.append(payload)


def stepwise(payload: dict[str, Any], run: JobRun) -> None:
    for step in range(5):
        run.progress(step, 5, "counting")
        if run.should_stop():
            return
        RAN.append({"step": step})


@pytest.fixture(autouse=True)
def job_types() -> Iterator[None]:
    """Three kinds of jobs of this test."""
    registry = foundation.JOBS
    before, frozen = dict(registry._items), registry._frozen
    registry._frozen = False
    registry.register("t.note", JobType("t.note", note, max_attempts=2))
    registry.register("t.steps", JobType("t.steps", stepwise, transactional=False))
    registry.register("t.daily", JobType("t.daily", note, every=timedelta(days=1)))
    RAN.clear()
    TROUBLE.clear()
    yield
    registry._items, registry._frozen = before, frozen


def run(at: datetime = AT) -> int:
    return foundation.run_due_jobs(at=at, only=["t.note", "t.steps", "t.daily"])


@pytest.mark.django_db(transaction=True)
def test_a_job_runs_once_when_due() -> None:
    assert foundation.enqueue("t.note", {"n": 1}, due_at=AT + timedelta(hours=1), key="a") is not None
    assert foundation.enqueue("t.note", {"n": 2}, due_at=AT, key="a") is None
    assert run() == 0
    assert run(AT + timedelta(hours=1)) == 1
    assert run(AT + timedelta(hours=2)) == 0
    assert RAN == [{"n": 1}]
    assert foundation.enqueue("t.note", {"n": 3}, due_at=AT, key="a") is not None


@pytest.mark.django_db(transaction=True)
def test_a_failed_job_leaves_nothing_behind_and_is_tried_again_then_dead() -> None:
    TROUBLE.extend([ValueError("second"), ValueError("first")])
    job_id = foundation.enqueue("t.note", {}, due_at=AT)
    assert job_id is not None
    assert run() == 1
    assert foundation.get_job(job_id).last_error == "ValueError: first"
    assert foundation.fetch("SELECT count(*) FROM foundation_settings_settingvalue") == [(0,)]
    assert run() == 0, "not before the wall-time backoff"
    foundation.execute("UPDATE foundation_work_job SET run_after = NULL")
    run()
    assert foundation.get_job(job_id).state == "dead"
    foundation.retry_job(job_id, due_at=AT)
    run()
    assert (foundation.get_job(job_id).state, RAN) == ("done", [{}])


@pytest.mark.django_db(transaction=True)
def test_trouble_that_passes_never_kills_a_job_and_is_told_in_a_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, logger="siyu")
    TROUBLE.extend(RetryLater("busy", "ask again", after_seconds=0) for _number in range(5))
    job_id = foundation.enqueue("t.note", {}, due_at=AT)
    for _number in range(6):
        run()
    assert job_id is not None and foundation.get_job(job_id).state == "done"
    told = [(line.levelname, line.message, line.exc_info, line.__dict__["reason"]) for line in caplog.records]
    assert told == [("INFO", "job put off", None, "ask again")] * 5
    caplog.clear()
    TROUBLE.append(ValueError("broken"))
    foundation.enqueue("t.note", {}, due_at=AT)
    run()
    assert [(line.levelname, line.message, bool(line.exc_info)) for line in caplog.records] == [
        ("WARNING", "job failed", True)
    ]


@pytest.mark.django_db(transaction=True)
def test_a_job_that_another_worker_did_after_it_failed_here_is_not_done_again() -> None:
    """Between the failure, which lets the row go, and the note of it another worker may take the job and do it."""

    class Other(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logging.getLogger("siyu.work").removeHandler(self)
            run()

    logging.getLogger("siyu.work").addHandler(Other())
    TROUBLE.append(ValueError("a passing fault"))
    job_id = foundation.enqueue("t.note", {"n": 1}, due_at=AT)
    assert job_id is not None
    run()
    assert RAN == [{"n": 1}]
    assert (foundation.get_job(job_id).state, foundation.get_job(job_id).last_error) == ("done", "")
    foundation.execute("UPDATE foundation_work_job SET run_after = NULL")
    assert run() == 0
    assert RAN == [{"n": 1}]


@pytest.mark.django_db(transaction=True)
def test_a_schedule_comes_back_at_its_interval() -> None:
    foundation.ensure_schedules(at=AT)
    foundation.ensure_schedules(at=AT)
    assert run() == 1
    assert run(AT + timedelta(hours=23)) == 0
    assert run(AT + timedelta(hours=25)) == 1
    assert len(RAN) == 2


@pytest.mark.django_db(transaction=True)
def test_a_long_job_shows_progress_and_stops_when_asked() -> None:
    job_id = foundation.enqueue("t.steps", {}, due_at=AT)
    assert job_id is not None
    foundation.request_stop(job_id)
    assert run() == 1
    job = foundation.get_job(job_id)
    assert (job.state, job.progress_total, RAN) == ("stopped", 5, [])
    foundation.retry_job(job_id, due_at=AT)
    run()
    assert foundation.get_job(job_id).state == "done"
    assert [entry["step"] for entry in RAN] == [0, 1, 2, 3, 4]
    with pytest.raises(Conflict):
        foundation.retry_job(job_id, due_at=AT)


@pytest.mark.django_db(transaction=True)
def test_a_job_whose_worker_died_is_taken_over_after_its_lease() -> None:
    job_id = foundation.enqueue("t.steps", {}, due_at=AT)
    foundation.execute(
        "UPDATE foundation_work_job SET state = 'running', lease_token = gen_random_uuid(),"
        " lease_until = now() + interval '1 hour'"
    )
    assert run() == 0
    foundation.execute("UPDATE foundation_work_job SET lease_until = now() - interval '1 second'")
    assert run() == 1
    assert job_id is not None and foundation.get_job(job_id).state == "done"


@pytest.mark.django_db(transaction=True)
def test_four_workers_run_forty_jobs_once_each() -> None:
    for number in range(40):
        foundation.enqueue("t.note", {"n": number}, due_at=AT)

    def work() -> None:
        run()
        run()
        connection.close()

    threads = [threading.Thread(target=work) for _number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entry["n"] for entry in RAN) == list(range(40))
