"""Schedules of the connector: one pull at a time, no repetition, failures shown."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection as database

from siyu.connectors.wecom import connections, jobs
from siyu.connectors.wecom.models import Connection
from siyu.foundation import api as foundation
from siyu.records.staff import api as staff
from tests.connectors.wecom_kit import Twin, connect, now

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def another_worker_at(what: int, number: int) -> Iterator[None]:
    """Another session holds the lock of a pull."""
    held, done = threading.Event(), threading.Event()

    def work() -> None:
        with jobs._alone(what, Connection(pk=number)) as mine:
            assert mine
            held.set()
            done.wait(20)
        database.close()

    thread = threading.Thread(target=work)
    thread.start()
    held.wait(5)
    try:
        yield
    finally:
        done.set()
        thread.join()


def job(name: str) -> tuple[str, str, str]:
    found = next(item for item in foundation.list_jobs() if item.name == name)
    return found.state, found.note, found.last_error


def schedule(name: str, payload: dict[str, int] | None = None) -> None:
    with foundation.transaction():
        foundation.enqueue(name, payload or {}, due_at=now(), key=f"test{payload}")
    foundation.run_due_jobs(at=now(), only=[name])


def test_the_directory_job_reads_the_directory(twin: Twin) -> None:
    connect(twin)
    schedule("wecom.directory")
    assert len(staff.employees(now())) == len(twin.config["members"])
    assert job("wecom.directory") == ("done", f"入职 {len(twin.config['members'])},调动 0,离职 0", "")
    schedule("wecom.directory")
    assert job("wecom.directory")[1] == "刚刚已执行过。"


def test_one_pull_at_a_time(twin: Twin) -> None:
    view = connect(twin)
    with another_worker_at(jobs.DIRECTORY_LOCK, view.id):
        schedule("wecom.directory")
        assert job("wecom.directory")[:2] == ("done", "另一个进程正在执行。")
        schedule("wecom.directory", {"connection": view.id})
        assert job("wecom.directory")[0] == "waiting"
    assert connections.connections()[0].last_error == ""
    foundation.execute("UPDATE foundation_work_job SET run_after = NULL")
    foundation.run_due_jobs(at=now(), only=["wecom.directory"])
    assert job("wecom.directory")[0] == "done"
    assert len(staff.employees(now())) == len(twin.config["members"])


def test_friends_wait_for_the_directory(twin: Twin) -> None:
    connect(twin)
    schedule("wecom.reconcile")
    assert job("wecom.reconcile")[0] == "waiting"
    schedule("wecom.directory")
    foundation.execute("UPDATE foundation_work_job SET run_after = NULL")
    foundation.run_due_jobs(at=now(), only=["wecom.reconcile"])
    assert job("wecom.reconcile")[0] == "done"
    assert connections.connections()[0].reconciled_at is not None


def test_a_failure_is_shown_at_the_connection_and_tried_again(twin: Twin) -> None:
    connect(twin)
    with twin.faults(http_5xx=1.0):
        schedule("wecom.directory")
    assert job("wecom.directory")[0] == "waiting"
    assert connections.connections()[0].status == "failing"
    foundation.execute("UPDATE foundation_work_job SET run_after = NULL")
    foundation.run_due_jobs(at=now() + timedelta(seconds=1), only=["wecom.directory"])
    assert connections.connections()[0].status == "ok"


def test_a_refusal_waits_for_the_next_turn(twin: Twin) -> None:
    connect(twin)
    with twin.settings(trusted_ips=["10.9.9.9"]):
        schedule("wecom.directory")
    assert job("wecom.directory")[0] == "done"
    (view,) = connections.connections()
    assert (view.status, "IP" in view.last_error) == ("failing", True)


def test_a_company_whose_staff_seems_to_vanish_is_shown_and_holds_no_other_up(twin: Twin) -> None:
    app = connections.settings_from(twin.config, key="first", base_url=twin.url).apps[0]
    first = connections.save_connection(connections.ConnectionSettings("first", "ww0ther", (app,)), at=now())
    view = connect(twin)
    # The older company's own number is the twin's, so that it answers; yet hundreds are known who are not told of.
    Connection.objects.filter(pk=view.id).update(corpid="ww0wn")
    Connection.objects.filter(pk=first.id).update(corpid=twin.config["corpid"], base_url=twin.url)
    everybody = [staff.EmployeeSpec(f"x{n}", f"某人{n}", "1") for n in range(2000)]
    with foundation.transaction():
        staff.sync_directory(
            [staff.UnitSpec("1", "总部", staff.UnitKind.COMPANY)], everybody,
            source=f"wecom:{twin.config['corpid']}", at=now() - timedelta(days=1),
        )  # fmt: skip
    schedule("wecom.directory")
    assert job("wecom.directory")[0] == "done"
    shown = {one.key: one.last_error for one in connections.connections()}
    assert "2000" in shown["first"]
    assert shown[view.key], "it had its turn too (and is refused, having no such number)"
    assert len(staff.employees(now())) == 2000
