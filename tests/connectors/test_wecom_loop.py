"""One turn of the loop through WeCom: a scan at night is welcomed, once, by the journey."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import pytest
from django.db import connection as database
from pytest_django.live_server_helper import LiveServer

from siyu.actions.messaging import api as messaging
from siyu.config.worker import Worker
from siyu.connectors.wecom import connections, directory, receivers
from siyu.connectors.wecom.models import Connection
from siyu.decisions.acquisition import api as acquisition
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.staff import api as staff
from tests.connectors.wecom_kit import (
    Twin,
    connect,
    envelope,
    now,
    pushed,
    register_callback,
    settle,
    wait_for,
)

pytestmark = pytest.mark.django_db(transaction=True)


def begin(twin: Twin, server: str) -> tuple[Connection, str]:
    """A connected company with the welcome journey and one live code; its picture's address."""
    receivers.forget()
    facts.install_cursors()
    view = connect(twin)
    register_callback(twin, server, view)
    connection = connections.by_id(view.id)
    directory.sync(connection, at=now())
    userid = twin.clerks()[30]
    clerk = staff.employees_by_userid([userid], at=now())[userid]
    with foundation.transaction():
        journeys.install_defaults(at=now())
        code = acquisition.create_code("夜间海报", [clerk.id], at=now(), by=foundation.SYSTEM, tags=["夜间"])
    settle()
    return connection, acquisition.get_code(code.id, scope=staff.EVERYTHING).qr_code


def welcomes(twin: Twin, external: str) -> list[str]:
    rows: list[dict[str, Any]] = twin.get("/twin/messages", kind="welcome", limit=5000)["messages"]
    return [row["text"] for row in rows if row["external_userid"] == external]


def test_a_scan_is_welcomed_within_five_seconds_of_wall_time(twin: Twin, live_server: LiveServer) -> None:
    _connection, picture = begin(twin, live_server.url)
    worker = Worker()
    worker.start()
    try:
        started = time.monotonic()
        external = twin.post("/twin/scan", qr=picture, name="夜里的客人")["external_userid"]
        wait_for(lambda: welcomes(twin, external), seconds=15)
        spent = time.monotonic() - started
        wait_for(lambda: messaging.deliveries(staff.EVERYTHING).items[0].state == "sent", seconds=10)
    finally:
        worker.join()
    (text,) = welcomes(twin, external)
    assert "很高兴认识您" in text
    # Five seconds on a machine that does nothing else; a busy one is allowed its queue.
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert spent < 5 * busy


def test_the_same_callback_three_times_and_eight_at_once_is_one_welcome(
    twin: Twin, live_server: LiveServer
) -> None:
    connection, picture = begin(twin, live_server.url)
    with twin.faults(lose=1.0):
        external = twin.post("/twin/scan", qr=picture)["external_userid"]
    row = next(item for item in reversed(twin.ledger("callbacks")) if external in item["plaintext"])
    assert connection.corpid in row["plaintext"]
    codes: list[int] = []

    def send(number: int) -> None:
        query, body = pushed(envelope(twin), row["plaintext"].encode(), nonce=str(number))
        answer = twin.http.post(live_server.url + "/wecom/callback/wecom/siyu/", params=query, content=body)
        codes.append(answer.status_code)
        database.close()

    for group in (range(8), range(8, 11)):
        threads = [threading.Thread(target=send, args=(number,)) for number in group]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        settle()
    assert codes == [200] * 11
    assert len(welcomes(twin, external)) == 1
    assert len(facts.read(names=["contact.added"], limit=10)) == 1
    assert len(facts.read(names=["channel.attributed"], limit=10)) == 1
    assert [item.state for item in messaging.deliveries(staff.EVERYTHING).items] == ["sent"]
