"""Each worker has a bound of connections, and more workers than fit are told so."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from django.db import connection

from siyu.config import room, worker
from siyu.config.doctor import work
from siyu.config.doctor.contracts import Level
from siyu.foundation import api as foundation

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two_workers() -> Iterator[None]:
    """Connections as two other workers hold them, one of them two."""
    with ExitStack() as held:
        for name in ("a:1", "a:1", "b:2"):
            asked = {**connection.get_connection_params(), "application_name": room.NAME + name}
            asked.pop("cursor_factory"), asked.pop("context")
            held.enter_context(psycopg.connect(**asked, autocommit=True))
        yield


def test_a_worker_has_a_thread_for_each_connection_it_may_hold() -> None:
    one = worker.Worker()
    one.start()
    try:
        assert len(one._threads) + foundation.CREW.size == worker.most_connections() == 23
    finally:
        one.join()


def test_how_many_fit() -> None:
    shipped = room.Room(97, 23, frozenset())
    assert (shipped.fits, shipped.needed(3), shipped.needed(4)) == (3, 97, 120)
    assert room.Room(10, 23, frozenset()).fits == 0


@pytest.mark.usefixtures("two_workers")
def test_more_workers_than_fit_are_told_so(caplog: pytest.LogCaptureFixture) -> None:
    found = room.look(20)
    assert (found.connections, len(found.workers), found.fits) == (57, 2, 1)  # of the tests' server
    with caplog.at_level(logging.WARNING, "siyu.worker"):
        worker.warn_of_crowd()
    (record,) = caplog.records
    assert "more workers than PostgreSQL has connections for" in record.getMessage()
    assert (record.__dict__["workers"], record.__dict__["workers_that_fit"]) == (2, 1)
    (finding,) = work._room()
    assert finding.level is Level.WRONG
    assert "74" in finding.mend


def test_few_enough_are_well(caplog: pytest.LogCaptureFixture) -> None:
    worker.warn_of_crowd()
    assert caplog.records == []
    (finding,) = work._room()
    assert finding.level is Level.GOOD
