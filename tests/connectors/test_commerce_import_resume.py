"""Order files once: the same again, stopped, killed, in trouble, taken over by another worker."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import translation

from siyu.connectors.commerce import api as imports
from siyu.connectors.commerce import running, staging, writing
from siyu.connectors.commerce.models import Import
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict
from siyu.records.commerce import api as commerce
from tests.connectors.import_kit import ALL, AT, bring_in, counts, dollars, everything, work


@pytest.fixture
def some_cdnow() -> str:
    """Every tenth customer of CDNOW, with the original header: several chunks."""
    return _slice("0")


@pytest.fixture
def little_cdnow() -> str:
    """Every hundredth customer."""
    return _slice("00")


def _slice(ending: str) -> str:
    lines = imports.cdnow_path().read_text().splitlines()
    return "\n".join([lines[0], *(line for line in lines[1:] if line.split()[0].endswith(ending))]) + "\n"


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing_and_keeps_its_shift(little_cdnow: str) -> None:
    dollars()
    first = bring_in(little_cdnow, preset="cdnow")
    before = everything()
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "again.txt", at=AT + timedelta(days=40))
        later = imports.start_import(
            file_id, preset="cdnow", by=foundation.SYSTEM, at=AT + timedelta(days=40)
        )
    foundation.run_due_jobs(at=AT + timedelta(days=40), only=["connectors_commerce.import"])
    again = imports.import_status(later)
    assert (again.orders_new, again.orders_changed) == (0, 0)
    assert again.orders_same == first.orders_new == first.rows_read > 600
    assert again.shift_days == first.shift_days
    assert everything() == before
    with pytest.raises(BadInput, match="平移"), translation.override("zh-hans"), foundation.transaction():
        imports.start_import(file_id, preset="cdnow", shift_days=0, by=foundation.SYSTEM, at=AT)


@pytest.mark.django_db(transaction=True)
def test_killed_at_random_moments_it_loses_and_doubles_nothing(some_cdnow: str) -> None:
    dollars()
    with foundation.transaction():
        file_id = imports.upload([some_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
    wait = random.Random(7)
    kills = 0
    for _try in range(40):
        connection.close()
        child = os.fork()
        if child == 0:
            try:
                work()
            finally:
                os._exit(0)  # never back into pytest
        time.sleep(wait.uniform(0.05, 0.9))
        os.kill(child, signal.SIGKILL)
        _pid, ended = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(ended)
        # The dead worker's lease runs out; here at once.
        foundation.execute(
            "UPDATE foundation_work_job SET lease_until = NULL, run_after = NULL, attempts = 0"
        )
        if imports.import_status(import_id).state is imports.ImportState.DONE:
            break
    work()
    done = imports.import_status(import_id)
    rows = [line.split() for line in some_cdnow.splitlines()[1:]]
    assert kills >= 2
    assert counts(done) == (len(rows), 0, len(rows), 0, 0)
    assert done.amount_new == sum(round(float(row[3]) * 100) for row in rows)
    stored = foundation.fetch("SELECT count(*), sum(amount)::bigint FROM records_commerce_order")
    assert stored == [(len(rows), done.amount_new)]
    told = foundation.fetch("SELECT count(*) FROM facts_event WHERE name = 'order.paid'")
    assert told == [(len(rows),)]
    assert foundation.fetch("SELECT count(*) FROM connectors_commerce_stagedrow") == [(0,)]


@pytest.mark.django_db
def test_a_person_stops_it_and_lets_it_go_on(little_cdnow: str) -> None:
    dollars()
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
        imports.stop_import(import_id, by=foundation.SYSTEM, at=AT)
    work()
    assert imports.import_status(import_id).state is imports.ImportState.STOPPED
    assert commerce.orders(ALL).total == 0
    with foundation.transaction():
        imports.resume_import(import_id, by=foundation.SYSTEM, at=AT)
    work()
    done = imports.import_status(import_id)
    assert (done.state, done.share, done.orders_new) == (imports.ImportState.DONE, 1.0, done.rows_read)
    with pytest.raises(Conflict):
        imports.stop_import(import_id, by=foundation.SYSTEM, at=AT)
    with pytest.raises(Conflict):
        imports.resume_import(import_id, by=foundation.SYSTEM, at=AT)


@pytest.mark.django_db
def test_an_import_resumed_before_its_stopped_job_is_put_away_goes_on(little_cdnow: str) -> None:
    dollars()
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
        imports.stop_import(import_id, by=foundation.SYSTEM, at=AT)
    resumed = False

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal resumed
        if sql.startswith('UPDATE "foundation_work_job" SET "state"') and "done" in params and not resumed:
            resumed = True
            imports.resume_import(import_id, by=foundation.SYSTEM, at=AT)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        work()
    work()
    assert resumed
    assert imports.import_status(import_id).state is imports.ImportState.DONE


@pytest.mark.django_db(transaction=True)
def test_a_database_in_trouble_for_a_while_ends_no_import(little_cdnow: str) -> None:
    """Locks held too long, a restart: the import goes on afterwards by itself, however often it happens."""
    dollars()
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
    left = 7

    def trouble(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        if "INSERT INTO records_commerce_order " in sql and left:
            left -= 1
            raise OperationalError("canceling statement due to lock timeout")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(trouble):
        for _try in range(8):
            work()
            foundation.execute("UPDATE foundation_work_job SET run_after = NULL")
    done = imports.import_status(import_id)
    assert (left, done.state, done.orders_new) == (0, imports.ImportState.DONE, done.rows_read)


@pytest.mark.django_db
def test_a_stopped_import_whose_rows_have_expired_cannot_go_on(
    little_cdnow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going on it would say that it is done, without the rows that are gone."""
    dollars()
    monkeypatch.setattr(writing, "CHUNK", 20)
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)

    def stop_when_writing(run: Import) -> None:
        if run.state == imports.ImportState.WRITING and run.rows_written and not run.stop_requested:
            imports.stop_import(import_id, by=foundation.SYSTEM, at=AT)

    running.run_import(import_id, at=AT, told=stop_when_writing)
    stopped = imports.import_status(import_id)
    assert (stopped.state, stopped.resumable) == (imports.ImportState.STOPPED, True)
    assert 0 < stopped.rows_written < stopped.rows_read
    later = AT + timedelta(days=400)
    foundation.enqueue("connectors_commerce.purge", due_at=later)
    foundation.run_due_jobs(at=later, only=["connectors_commerce.purge"])
    gone = imports.import_status(import_id)
    assert (gone.state, gone.resumable, gone.rows_written) == (
        imports.ImportState.FAILED,
        False,
        stopped.rows_written,
    )
    assert "重新上传" in gone.error
    with pytest.raises(Conflict):
        imports.resume_import(import_id, by=foundation.SYSTEM, at=later)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_takes_over_goes_on_behind_what_the_other_still_read(
    little_cdnow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was thought dead may commit a last chunk while its successor looks for the place."""
    dollars()
    monkeypatch.setattr(staging, "CHUNK", 40)
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
    locks = 0

    def last_chunk_of_the_other() -> None:
        try:
            running.run_import(import_id, at=AT, should_stop=lambda: True)
        finally:
            connection.close()

    def between(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal locks
        if "FOR UPDATE" in sql and "connectors_commerce_import" in sql:
            locks += 1
            if locks == 2:  # the first only looks whether there is anything to read
                other = threading.Thread(target=last_chunk_of_the_other)
                other.start()
                other.join(20)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(between):
        work()
    done = imports.import_status(import_id)
    rows = len(little_cdnow.splitlines()) - 1
    assert (done.state, done.rows_read, done.orders_new) == (imports.ImportState.DONE, rows, rows)
    stored = foundation.fetch("SELECT count(*) FROM records_commerce_order")
    assert stored == [(rows,)]
