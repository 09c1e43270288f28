"""Callbacks that fail, and faults that are asked for."""

from __future__ import annotations

import time

import httpx
import pytest

from tests.twin.twin_process import Receiver, Twin, wait_for

HELLO = {"content": "欢迎"}


def _scans(twin: Twin, number: int) -> None:
    config_id = twin.code_for(twin.clerks()[0])
    for _ in range(number):
        twin.post("/twin/scan", config_id=config_id)


def test_repeated_until_answered(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    twin.post("/twin/settings", retry_ms=50)
    receiver.answers = [500, 404]
    _scans(twin, 1)
    assert len({push.plaintext for push in receiver.wait(3)}) == 1
    twin.quiet()
    callbacks = twin.record()["callbacks"]
    assert (callbacks["generated"], callbacks["accepted"], callbacks["attempts"]) == (1, 1, 3)
    assert [row["http"] for row in twin.rows("callback_attempts")] == [500, 404, 200]


def test_given_up_after_three_attempts(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    twin.post("/twin/settings", retry_ms=10)
    receiver.answers = [500] * 4
    _scans(twin, 1)
    receiver.wait(3)
    twin.quiet()
    assert len(receiver.pushes) == 3
    callbacks = twin.record()["callbacks"]
    assert (callbacks["failed"], callbacks["accepted"], callbacks["distinct_accepted"]) == (1, 0, 0)


def test_cut_after_five_seconds(twin: Twin, receiver: Receiver) -> None:
    """The five seconds are the default; one second here, to be quick."""
    receiver.connect()
    assert twin.get("/twin/settings")["callback_ms"] == 5000
    twin.post("/twin/settings", retry_ms=10, callback_ms=1000)
    receiver.delay = 1.3
    _scans(twin, 1)
    first, second = receiver.wait(2)[:2]
    assert 0.9 < second.at - first.at < 1.3
    receiver.delay = 0
    wait_for(lambda: twin.record()["callbacks"]["accepted"])
    assert "timed out" in twin.rows("callback_attempts")[0]["error"]


def test_lost_and_doubled(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    twin.post("/twin/faults", lose=0.5, duplicate=0.5)
    _scans(twin, 20)
    twin.quiet()
    callbacks = twin.record()["callbacks"]
    assert callbacks["generated"] == 20
    assert 0 < callbacks["lost"] < 20
    assert (
        callbacks["accepted"] == 20 - callbacks["lost"] == len({push.plaintext for push in receiver.pushes})
    )
    assert callbacks["deliveries"] - callbacks["lost"] == len(receiver.pushes) > callbacks["accepted"]


def test_held_back_and_out_of_order(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    twin.post("/twin/faults", reorder=0.5)
    _scans(twin, 20)
    receiver.wait(20)
    arrived = [push.fields["WelcomeCode"] for push in receiver.pushes]
    issued = [row["welcome_code"] for row in twin.rows("adds")]
    assert sorted(arrived) == sorted(issued)
    assert arrived != issued


def test_refusing_faults(twin: Twin) -> None:
    for fault, code in (("busy", -1), ("freq_limit", 45009), ("token_invalidated", 40014)):
        twin.token()
        twin.post("/twin/faults", **{fault: 1})
        assert twin.call("~get_follow_user_list", code=code)["follow_user"] == []
        twin.post("/twin/faults", reset=True)
        twin._tokens.clear()
        twin.call("~get_follow_user_list")


def test_silence_and_gateway_errors_do_nothing(twin: Twin) -> None:
    body = {"type": 1, "scene": 2, "user": [twin.clerks()[0]]}
    twin.token()
    twin.post("/twin/faults", http_5xx=1)
    assert twin.raw("externalcontact/add_contact_way", body).status_code == 502
    twin.post("/twin/faults", http_5xx=0, timeout=1, timeout_ms=300)
    started = time.monotonic()
    with pytest.raises(httpx.RemoteProtocolError):
        twin.raw("externalcontact/add_contact_way", body)
    assert time.monotonic() - started >= 0.3
    assert twin.record()["contact_ways"] == 0


def test_answer_cut_off_after_the_effect(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    _scans(twin, 1)
    code = receiver.wait(1)[0].fields["WelcomeCode"]
    twin.post("/twin/faults", cut_after_effect=1)
    body = {"welcome_code": code, "text": HELLO}
    with pytest.raises(httpx.RemoteProtocolError):
        twin.raw("externalcontact/send_welcome_msg", body)
    twin.post("/twin/faults", reset=True)
    assert twin.record()["welcomes"]["delivered"] == 1
    twin.call("~send_welcome_msg", body, code=41051)
    assert twin.record()["welcomes"]["delivered"] == 1


def test_faults_are_shown_and_checked(twin: Twin) -> None:
    assert set(twin.get("/twin/faults").values()) == {0, 10_000}
    assert twin.post("/twin/faults", status=422, lose=2)["message"] == "lose must be between 0 and 1"
    assert "unknown field" in twin.post("/twin/faults", status=422, loose=0.1)["message"]
    assert twin.post("/twin/faults", lose=0.25)["lose"] == 0.25
    assert twin.post("/twin/faults", reset=True)["lose"] == 0
