"""Scan, callback, welcome: who hears what, and for how long a welcome is possible."""

from __future__ import annotations

import time

from tests.twin.twin_process import Receiver, Twin

HELLO = {"content": "欢迎 🎉"}


def _scan(twin: Twin, receiver: Receiver) -> tuple[dict[str, str], dict[str, str]]:
    """A stranger scans a clerk's code: (answer of the scan, the callback)."""
    config_id = twin.code_for(twin.clerks()[0], state="night")
    scan = twin.post("/twin/scan", config_id=config_id)
    return scan, receiver.wait(1)[0].fields


def test_echo_is_verified_first(twin: Twin, receiver: Receiver) -> None:
    assert receiver.connect()["verified"] is True
    receiver.echo_right = False
    answer = receiver.connect()
    assert answer["verified"] is False
    assert answer["url"] == receiver.url
    assert twin.post("/twin/callback", app="siyu", url="http://127.0.0.1:9/x")["verified"] is False
    assert twin.get("/twin/callback")["siyu"] == receiver.url
    assert twin.post("/twin/callback", status=404, app="nobody", url="x")["error"] == "not_found"


def test_scan_tells_and_welcome_arrives_once(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    scan, event = _scan(twin, receiver)
    code = event.pop("WelcomeCode")
    assert abs(int(event.pop("CreateTime")) - twin.get("/twin/clock")["now_seconds"]) < 5
    assert event == {
        "ToUserName": twin.config["corpid"],
        "FromUserName": "sys",
        "MsgType": "event",
        "Event": "change_external_contact",
        "ChangeType": "add_external_contact",
        "UserID": twin.clerks()[0],
        "ExternalUserID": scan["external_userid"],
        "State": "night",
    }
    envelope = receiver.pushes[0].envelope
    assert (envelope["ToUserName"], envelope["AgentID"]) == (twin.config["corpid"], "1000002")
    twin.call("~send_welcome_msg", {"welcome_code": code, "text": HELLO})
    twin.call("~send_welcome_msg", {"welcome_code": code, "text": HELLO}, code=41051)
    shown = twin.get("/twin/messages", person=scan["person"])["messages"]
    assert [(row["kind"], row["text"], row["userid"]) for row in shown] == [
        ("welcome", "欢迎 🎉", twin.clerks()[0])
    ]
    assert [(row["person"], row["code"]) for row in twin.rows("welcomes")] == [(scan["person"], code)]
    follow = twin.call("~get", external_userid=scan["external_userid"])["follow_user"]
    assert [(item["userid"], item["state"], item["add_way"]) for item in follow] == [
        (twin.clerks()[0], "night", 1)
    ]


def test_welcome_after_twenty_seconds(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    scan, event = _scan(twin, receiver)
    twin.advance(20.5)
    body = {"welcome_code": event["WelcomeCode"], "text": HELLO}
    twin.call("~send_welcome_msg", body, code=41050)
    twin.call("~send_welcome_msg", {**body, "welcome_code": "unknown"}, code=41050)
    twin.call("~send_welcome_msg", {"text": HELLO}, code=41049)
    assert twin.get("/twin/messages")["total"] == 0
    assert twin.record()["welcomes"] == {"delivered": 0, "codes_issued": 1, "people": 0}


def test_welcome_just_in_time(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    _, event = _scan(twin, receiver)
    twin.advance(17)
    twin.call("~send_welcome_msg", {"welcome_code": event["WelcomeCode"], "text": HELLO})


def test_no_welcome_once_they_chat(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    scan, event = _scan(twin, receiver)
    twin.post("/twin/say", external_userid=scan["external_userid"], userid=scan["userid"], text="在吗")
    body = {"welcome_code": event["WelcomeCode"], "text": HELLO}
    twin.call("~send_welcome_msg", body, code=41051)


def test_refused_content_leaves_the_code_usable(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    _, event = _scan(twin, receiver)
    code = event["WelcomeCode"]
    image = {"msgtype": "image", "image": {"media_id": "gone"}}
    twin.call("~send_welcome_msg", {"welcome_code": code}, code=41089)
    twin.call("~send_welcome_msg", {"welcome_code": code, "text": {"content": "长" * 1334}}, code=40058)
    twin.call("~send_welcome_msg", {"welcome_code": code, "attachments": [image]}, code=40007)
    twin.call("~send_welcome_msg", {"welcome_code": code, "attachments": [image] * 10}, code=41064)
    twin.call("~send_welcome_msg", {"welcome_code": code, "attachments": [{"msgtype": "x"}]}, code=41065)
    twin.call("~send_welcome_msg", {"welcome_code": code, "text": HELLO})


def test_another_sender_is_distributing(twin: Twin, receiver: Receiver) -> None:
    twin.post("/twin/settings", welcome_distributing_seconds=5)
    receiver.connect()
    _, event = _scan(twin, receiver)
    body = {"welcome_code": event["WelcomeCode"], "text": HELLO}
    twin.call("~send_welcome_msg", body)
    twin.call("~send_welcome_msg", body, code=41096)
    twin.advance(6)
    twin.call("~send_welcome_msg", body, code=41051)


def test_admin_configured_welcome_gives_no_code(twin: Twin, receiver: Receiver) -> None:
    twin.post("/twin/settings", admin_welcome=[twin.clerks()[0]])
    receiver.connect()
    _, event = _scan(twin, receiver)
    assert "WelcomeCode" not in event
    assert twin.record()["adds"] == {"total": 1, "people": 1, "with_welcome_code": 0}


def test_half_add_then_accepted(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    config_id = twin.code_for(twin.clerks()[0], skip_verify=False)
    scan = twin.post("/twin/scan", config_id=config_id)
    assert scan["outcome"] == "half"
    event = receiver.wait(1)[0].fields
    assert event["ChangeType"] == "add_half_external_contact"
    twin.call("~get", external_userid=scan["external_userid"], code=84061)
    twin.call("~send_welcome_msg", {"welcome_code": event["WelcomeCode"], "text": HELLO})
    pair = {"userid": scan["userid"], "external_userid": scan["external_userid"]}
    twin.post("/twin/accept", **pair)
    assert twin.post("/twin/accept", status=409, **pair)["error"] == "nothing_to_accept"
    event = receiver.wait(2)[1].fields
    assert event["ChangeType"] == "add_external_contact"
    assert "WelcomeCode" not in event
    twin.call("~get", external_userid=scan["external_userid"])


def test_leaving_coming_back_and_notes(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    scan, _ = _scan(twin, receiver)
    pair = {"userid": scan["userid"], "external_userid": scan["external_userid"]}
    again = twin.post("/twin/scan", state="night", person=scan["person"])
    assert again["outcome"] == "already_friends"
    twin.post("/twin/remark", **pair, remark="老客", remark_mobiles=["13800138000"])
    # Two edits of one pair in one second would have the same plaintext, as in reality.
    twin.advance(1)
    twin.post("/twin/tag", **pair, add=["金卡"])
    twin.post("/twin/block", **pair)
    assert twin.post("/twin/block", status=409, **pair)["error"] == "not_friends"
    # A customer who deleted the member still stands in the member's list.
    assert scan["external_userid"] in twin.call("~list", userid=scan["userid"])["external_userid"]
    assert twin.post("/twin/scan", state="night", person=scan["person"])["outcome"] == "added"
    twin.post("/twin/delete", **pair)
    twin.call("~get", external_userid=scan["external_userid"], code=84061)
    kinds = [push.fields["ChangeType"] for push in receiver.wait(6)]
    assert sorted(kinds) == [
        "add_external_contact",
        "add_external_contact",
        "del_external_contact",
        "del_follow_user",
        "edit_external_contact",
        "edit_external_contact",
    ]
    twin.quiet()
    record = twin.record()
    assert record["scans"] == {"total": 3, "added": 2, "already_friends": 1}
    assert record["callbacks"]["accepted"] == record["callbacks"]["distinct"] == 6
    assert (record["blocks"]["total"], record["deletes"]["total"]) == (1, 1)


def test_fifty_scans_in_a_row(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    config_id = twin.code_for(*twin.clerks()[:20])
    started = time.monotonic()
    for _ in range(50):
        twin.post("/twin/scan", config_id=config_id)
    receiver.wait(50)
    twin.quiet()
    assert time.monotonic() - started < 10
    assert len({push.plaintext for push in receiver.pushes}) == 50
