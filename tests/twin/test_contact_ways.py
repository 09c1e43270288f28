"""The life of a contact way."""

from __future__ import annotations

from typing import Any

from tests.twin.twin_process import Twin


def test_make_read_change_delete(twin: Twin) -> None:
    one, two, *_ = twin.clerks()
    made = twin.call(
        "~add_contact_way", {"type": 1, "scene": 2, "user": [one], "state": "s1", "remark": "r1"}
    )
    config_id = made["config_id"]
    assert made["qr_code"] == f"{twin.url}/qr/{config_id}"
    way = twin.call("~get_contact_way", {"config_id": config_id})["contact_way"]
    assert (way["state"], way["user"], way["skip_verify"], way["qr_code"]) == (
        "s1",
        [one],
        True,
        made["qr_code"],
    )
    twin.call("~update_contact_way", {"config_id": config_id, "user": [two], "state": "s2"})
    way = twin.call("~get_contact_way", {"config_id": config_id})["contact_way"]
    assert (way["state"], way["user"], way["remark"], way["type"]) == ("s2", [two], "", 1)
    assert twin.call("~list_contact_way", {})["contact_way"] == [{"config_id": config_id}]
    twin.call("~del_contact_way", {"config_id": config_id})
    twin.call("~get_contact_way", {"config_id": config_id}, code=41044)
    twin.call("~del_contact_way", {"config_id": config_id}, code=41044)
    assert twin.call("~list_contact_way", {})["contact_way"] == []
    assert twin.post("/twin/scan", status=409, config_id=config_id)["error"] == "dead_code"


REFUSALS: list[tuple[dict[str, Any], int]] = [
    ({"type": None}, 41037),
    ({"scene": None}, 41038),
    ({"type": 3}, 41039),
    ({"type": "x"}, 41039),
    ({"scene": 9}, 41040),
    ({"style": 4}, 41042),
    ({"state": "x" * 31}, 40058),
    ({"remark": "x" * 31}, 40058),
    ({"user": []}, 40058),
    ({"user": ["nobody"]}, 60111),
    ({"type": 2, "user": [], "party": []}, 40063),
    ({"type": 2, "user": [], "party": [4711]}, 60123),
    ({"conclusions": {"text": {"content": "长" * 1334}}}, 40058),
]


def test_refusals_change_nothing(twin: Twin) -> None:
    for change, code in REFUSALS:
        body = {"type": 1, "scene": 2, "user": [twin.clerks()[0]], **change}
        assert twin.call("~add_contact_way", body, code=code)["config_id"] == ""
    assert twin.record()["contact_ways"] == 0


def test_limits_of_number(twin: Twin) -> None:
    twin.post("/twin/settings", contact_way_limit=2)
    first = twin.code_for(twin.clerks()[0])
    twin.code_for(twin.clerks()[1])
    twin.call("~add_contact_way", {"type": 1, "scene": 2, "user": [twin.clerks()[2]]}, code=41045)
    twin.call("~del_contact_way", {"config_id": first})
    twin.code_for(twin.clerks()[2])


def test_listing_in_pages_and_by_time(twin: Twin) -> None:
    made = [twin.code_for(twin.clerks()[0]) for _ in range(5)]
    twin.code_for(twin.clerks()[0], is_temp=True)
    seen, cursor = [], ""
    for _ in range(3):
        answer = twin.call("~list_contact_way", {"limit": 2, "cursor": cursor})
        seen += [row["config_id"] for row in answer["contact_way"]]
        cursor = answer["next_cursor"]
    assert seen == made
    assert cursor == ""
    twin.call("~list_contact_way", {"limit": 1001}, code=40058)
    twin.advance(91 * 86_400)
    twin._tokens.clear()
    assert twin.call("~list_contact_way", {})["contact_way"] == []


def test_a_code_of_a_department_and_an_exclusive_one(twin: Twin) -> None:
    store = [m["userid"] for m in twin.config["members"] if m["department"] == 103]
    made = twin.call("~add_contact_way", {"type": 2, "scene": 2, "party": [103], "is_exclusive": True})
    scans = [twin.post("/twin/scan", config_id=made["config_id"]) for _ in range(12)]
    assert {scan["userid"] for scan in scans} <= set(store)
    assert len({scan["userid"] for scan in scans}) > 1
    for scan in scans[:4]:
        again = twin.post("/twin/scan", config_id=made["config_id"], person=scan["person"])
        assert (again["userid"], again["outcome"]) == (scan["userid"], "already_friends")


def test_scan_by_state_and_by_picture(twin: Twin) -> None:
    config_id = twin.code_for(twin.clerks()[3], state="campaign-9")
    assert twin.post("/twin/scan", state="campaign-9")["userid"] == twin.clerks()[3]
    assert twin.post("/twin/scan", qr=f"{twin.url}/qr/{config_id}")["userid"] == twin.clerks()[3]
    assert twin.post("/twin/scan", status=409, state="unknown")["error"] == "unknown_code"
    assert twin.post("/twin/scan", status=422)["error"] == "bad_request"
