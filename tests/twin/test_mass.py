"""Mass messages: task, confirmation, monthly counter, reminders, cancelling."""

from __future__ import annotations

from typing import Any

import pytest

from tests.twin.twin_process import Twin

TEXT = {"content": "新品到店"}


def _friends(twin: Twin, userid: str, number: int) -> list[str]:
    config_id = twin.code_for(userid)
    return [str(twin.post("/twin/scan", config_id=config_id)["external_userid"]) for _ in range(number)]


def _send(twin: Twin, **body: Any) -> dict[str, Any]:
    return twin.call("~add_msg_template", {"chat_type": "single", "text": TEXT, **body})


def _dispatched(twin: Twin, **body: Any) -> str:
    msgid = str(_send(twin, **body)["msgid"])
    twin.advance(3)
    return msgid


def _results(twin: Twin, msgid: str, userid: str) -> dict[str, int]:
    body = {"msgid": msgid, "userid": userid}
    rows = twin.call("~get_groupmsg_send_result", body)["send_list"]
    return {row["external_userid"]: row["status"] for row in rows}


def test_from_task_to_phone(twin: Twin) -> None:
    userid = twin.clerks()[0]
    one, two, three = _friends(twin, userid, 3)
    made = _send(twin, external_userid=[one, two, three, "wmUnknown"], sender=userid)
    assert made["fail_list"] == ["wmUnknown"]
    msgid = made["msgid"]
    twin.call("~get_groupmsg_task", {"msgid": msgid}, code=41063)
    twin.call("~get_groupmsg_send_result", {"msgid": msgid, "userid": userid}, code=41063)
    assert twin.post("/twin/confirm", status=409, msgid=msgid, userid=userid)["error"] == "dispatching"
    twin.advance(3)
    assert twin.call("~get_groupmsg_task", {"msgid": msgid})["task_list"] == [{"userid": userid, "status": 0}]
    assert set(_results(twin, msgid, userid).values()) == {0}
    assert twin.get("/twin/messages", kind="mass")["total"] == 0
    twin.post("/twin/block", external_userid=two, userid=userid)
    assert twin.post("/twin/confirm", msgid=msgid, userid=userid) == {"sent": 2, "not_friend": 1, "limit": 0}
    assert _results(twin, msgid, userid) == {one: 1, two: 2, three: 1}
    task = twin.call("~get_groupmsg_task", {"msgid": msgid})["task_list"][0]
    assert (task["status"], task["send_time"] > 0) == (2, True)
    assert twin.get("/twin/messages", kind="mass")["total"] == 2
    assert twin.post("/twin/confirm", status=409, msgid=msgid, userid=userid)["error"] == "already_sent"
    assert twin.record()["sends"] == {"total": 3, "unsent": 0, "sent": 2, "not_friend": 1, "limit": 0}


def test_at_most_as_many_as_the_month_has_days(twin: Twin) -> None:
    userid = twin.clerks()[0]
    (customer,) = _friends(twin, userid, 1)
    for number in range(31):
        msgid = _dispatched(twin, external_userid=[customer])
        done = twin.post("/twin/confirm", msgid=msgid, userid=userid)
        assert done["sent"] == (1 if number < 30 else 0), "November has 30 days"
    assert _results(twin, msgid, userid) == {customer: 3}
    twin.advance(15 * 86_400)
    twin._tokens.clear()
    msgid = _dispatched(twin, external_userid=[customer])
    assert twin.post("/twin/confirm", msgid=msgid, userid=userid)["sent"] == 1


@pytest.mark.parametrize(("rule", "most"), [("week", 7), ("day", 1)])
def test_the_rule_can_be_stricter(twin: Twin, rule: str, most: int) -> None:
    twin.post("/twin/settings", mass_rule=rule, dispatch_seconds=0)
    userid = twin.clerks()[0]
    (customer,) = _friends(twin, userid, 1)
    sent = 0
    for _ in range(most + 1):
        msgid = _send(twin, external_userid=[customer])["msgid"]
        sent += twin.post("/twin/confirm", msgid=msgid, userid=userid)["sent"]
    assert sent == most


def test_reminders_and_cancelling(twin: Twin) -> None:
    first, second = twin.clerks()[:2]
    customers = _friends(twin, first, 1) + _friends(twin, second, 1)
    msgid = _dispatched(twin, external_userid=customers)
    twin.post("/twin/confirm", msgid=msgid, userid=first)
    for _ in range(3):
        twin.call("~remind_groupmsg_send", {"msgid": msgid})
    twin.call("~remind_groupmsg_send", {"msgid": msgid}, code=41094)
    twin.advance(86_400)
    twin._tokens.clear()
    twin.call("~remind_groupmsg_send", {"msgid": msgid})
    twin.call("~cancel_groupmsg_send", {"msgid": msgid})
    twin.call("~cancel_groupmsg_send", {"msgid": msgid}, code=41093)
    twin.call("~remind_groupmsg_send", {"msgid": msgid}, code=41093)
    assert twin.post("/twin/confirm", status=409, msgid=msgid, userid=second)["error"] == "cancelled"
    assert _results(twin, msgid, first) == {customers[0]: 1}
    assert _results(twin, msgid, second) == {customers[1]: 0}
    mass = twin.record()["mass"]
    assert (mass["tasks"], mass["confirmed"], mass["cancelled"]) == (2, 1, 1)


def test_who_receives_it(twin: Twin) -> None:
    twin.post("/twin/settings", dispatch_seconds=0)
    first, second = twin.clerks()[:2]
    (shared,) = _friends(twin, first, 1)
    twin.post("/twin/scan", config_id=twin.code_for(second), person=shared)
    twin.post("/twin/say", external_userid=shared, userid=first, text="我在")
    tasks = twin.call("~get_groupmsg_task", {"msgid": _send(twin, external_userid=[shared])["msgid"]})
    assert [task["userid"] for task in tasks["task_list"]] == [first]
    mine = twin.call("~list", userid=second)["external_userid"]
    msgid = _send(twin, sender=second)["msgid"]
    assert set(_results(twin, msgid, second)) == set(mine)
    tag = twin.call("~add_corp_tag", {"group_name": "g", "tag": [{"name": "t"}]})["tag_group"]["tag"][0]["id"]
    filtered = {"group_list": [{"tag_list": [tag]}]}
    body = {"chat_type": "single", "text": TEXT, "tag_filter": filtered}
    twin.call("~add_msg_template", body, code=41048)
    twin.call("~mark_tag", {"userid": first, "external_userid": shared, "add_tag": [tag]})
    assert _results(twin, _send(twin, tag_filter=filtered)["msgid"], first) == {shared: 0}


def test_refusals(twin: Twin) -> None:
    path = "~add_msg_template"
    (customer,) = _friends(twin, twin.clerks()[0], 1)
    twin.call(path, {"text": TEXT}, code=40063)
    twin.call(path, {"external_userid": [customer]}, code=41089)
    twin.call(path, {"external_userid": ["wmUnknown"], "text": TEXT}, code=41048)
    twin.call(path, {"external_userid": ["x"] * 10_001, "text": TEXT}, code=40058)
    twin.call("~get_groupmsg_task", {}, code=41046)
    twin.call("~get_groupmsg_task", {"msgid": "x"}, code=41047)
    now = int(twin.get("/twin/clock")["now_seconds"])
    span = {"chat_type": "single", "start_time": now - 40 * 86_400, "end_time": now}
    twin.call("~get_groupmsg_list_v2", span, code=600018)
    assert twin.record()["mass"]["messages"] == 0


def test_listing_in_pages(twin: Twin) -> None:
    (customer,) = _friends(twin, twin.clerks()[0], 1)
    made = [_send(twin, external_userid=[customer])["msgid"] for _ in range(3)]
    now = int(twin.get("/twin/clock")["now_seconds"])
    body = {"chat_type": "single", "start_time": now - 60, "end_time": now + 60, "limit": 2}
    first = twin.call("~get_groupmsg_list_v2", body)
    second = twin.call("~get_groupmsg_list_v2", {**body, "cursor": first["next_cursor"]})
    rows = first["group_msg_list"] + second["group_msg_list"]
    assert [row["msgid"] for row in rows] == made
    assert (len(first["group_msg_list"]), second["next_cursor"]) == (2, "")
