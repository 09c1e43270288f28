"""Trouble that clusters: spells in time, trouble that follows one message; and hearing of answered calls."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.twin.twin_process import Twin
from twin.wecom.trouble import spell_at

HOUR = 3600.0


def test_spells_fill_their_share_of_time_and_last() -> None:
    minutes = [spell_at(5, 60.0 * number, 0.2) for number in range(60 * 24 * 60)]
    lying = [spell is not None for spell in minutes]
    assert 0.16 < sum(lying) / len(lying) < 0.24
    changes = sum(one != other for one, other in zip(lying, lying[1:], strict=False))
    assert 10 < 2 * sum(lying) / changes < 60  # minutes that one lasts, on average
    kinds = {spell.kind for spell in minutes if spell}
    assert kinds == {"http_5xx", "timeout", "freq_limit", "busy", "token_invalidated", "cut_after_effect"}
    assert spell_at(5, 60.0, 0.0) is None


def test_in_a_spell_calls_keep_failing_and_after_it_they_do_not(twin: Twin) -> None:
    twin.token()
    now = twin.get("/twin/clock")["now_seconds"]
    moments = [now + 60.0 * number for number in range(1, 60 * 48)]
    limits = [
        moment
        for moment in moments
        if (spell := spell_at(7, moment, 0.3)) and spell.kind == "http_5xx" and not spell.area
    ]
    twin.post("/twin/faults", spells=0.3)
    twin.post("/twin/clock", advance_to=limits[0])
    twin._tokens["siyu"] = "any"
    answers = [twin.raw("externalcontact/get_follow_user_list").status_code for _ in range(20)]
    assert answers.count(502) >= 4
    over = next(moment for moment in moments if moment > limits[0] and spell_at(7, moment, 0.3) is None)
    twin.post("/twin/clock", advance_to=over)
    assert {twin.raw("externalcontact/get_follow_user_list").status_code for _ in range(20)} == {200}


def test_trouble_follows_a_message_for_its_first_questions(twin: Twin) -> None:
    userid = twin.clerks()[0]
    people = [
        twin.post("/twin/scan", config_id=code)["external_userid"]
        for code in [twin.code_for(userid)]
        for _ in range(6)
    ]
    twin.post("/twin/faults", follow=1)
    heard = 0
    for person in people:
        body = {
            "chat_type": "single",
            "text": {"content": "新"},
            "external_userid": [person],
            "sender": userid,
        }
        try:
            heard += twin.raw("externalcontact/add_msg_template", body).json()["errcode"] == 0
        except httpx.RemoteProtocolError:
            pass
    assert 0 < heard < 6  # some answers are cut off
    assert twin.record()["mass"]["messages"] == 6
    twin.advance(3)
    rows = twin.rows("mass_tasks")
    for row in rows:
        question = {"msgid": row["msgid"], "userid": userid}
        told = [_asked(twin, question) for _ in range(9)]
        assert 2 <= told.count(False) <= 8
        assert told == sorted(told)  # trouble first, then answers


def _asked(twin: Twin, question: dict[str, str]) -> bool:
    try:
        answer = twin.raw("externalcontact/get_groupmsg_send_result", question)
    except httpx.RemoteProtocolError:
        return False
    return bool(answer.json()["errcode"] == 0)


def test_an_answered_call_is_told_to_who_waits(twin: Twin) -> None:
    assert twin.get("/twin/calls/next", below="externalcontact/")["path"] == ""
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(twin.get, "/twin/calls/next", below="externalcontact/", seconds=10)
        while not found.done():
            twin.call("getcallbackip")
            twin.call("~get_follow_user_list")
    assert found.result()["path"] == "externalcontact/get_follow_user_list"
