"""Departments, members, customers and what members note of them."""

from __future__ import annotations

from tests.twin.twin_process import Receiver, Twin


def test_the_tree(twin: Twin) -> None:
    departments = twin.call("department/list")["department"]
    assert [item["parentid"] for item in departments[:4]] == [0, 1, 1, 1]
    assert len(departments) == 16
    below = twin.call("department/simplelist", id=2)["department_id"]
    assert [item["id"] for item in below] == [2, 101, 102, 103, 104]
    twin.call("department/list", id=999, code=60123)
    store = twin.call("user/list", department_id=101)["userlist"]
    assert len(store) == 5
    assert [item["is_leader_in_dept"] for item in store] == [[1], [0], [0], [0], [0]]
    assert store[0]["position"] == "店长"
    assert "mobile" not in store[0]
    assert len(twin.call("user/list", department_id=1, fetch_child=1)["userlist"]) == 63
    assert len(twin.call("user/simplelist", department_id=2, fetch_child=1)["userlist"]) == 21


def test_visible_range(twin: Twin) -> None:
    seen = twin.call("department/list", app="report")["department"]
    assert [item["id"] for item in seen] == [2, 101, 102, 103, 104]
    twin.call("user/list", department_id=3, app="report", code=60011)
    stranger = twin.call("user/list", department_id=105)["userlist"][0]["userid"]
    twin.call("user/get", userid=stranger, app="report", code=60021)
    twin.call("user/get", userid="nobody", code=60111)
    twin.call("user/get", code=41009)


def test_member_ids_in_pages(twin: Twin) -> None:
    first = twin.call("user/list_id", {"limit": 40}, app="contacts")
    second = twin.call("user/list_id", {"limit": 40, "cursor": first["next_cursor"]}, app="contacts")
    assert (len(first["dept_user"]), len(second["dept_user"])) == (40, 23)
    assert second["next_cursor"] == ""
    assert len({row["userid"] for row in first["dept_user"] + second["dept_user"]}) == 63
    twin.call("user/list_id", {"cursor": "zz"}, app="contacts", code=40058)


def test_every_customer_is_found_both_ways(twin: Twin) -> None:
    clerks = twin.clerks()
    singly = {(userid, key) for userid in clerks for key in _customers(twin, userid)}
    paged = set()
    cursor, pages = "", 0
    while cursor or not pages:
        body = {"userid_list": clerks, "limit": 500, "cursor": cursor}
        answer = twin.call("~batch/get_by_user", body)
        assert len(answer["external_contact_list"]) <= 100
        for item in answer["external_contact_list"]:
            paged.add((item["follow_info"]["userid"], item["external_contact"]["external_userid"]))
        cursor, pages = answer["next_cursor"], pages + 1
    assert pages == 7
    assert singly == paged
    assert len({key for _, key in paged}) == 600


def _customers(twin: Twin, userid: str) -> list[str]:
    document = twin.raw("externalcontact/list", userid=userid).json()
    assert document["errcode"] in (0, 84061)
    return list(document["external_userid"])


def test_customer_details(twin: Twin) -> None:
    userid = next(key for key in twin.clerks() if _customers(twin, key))
    external = _customers(twin, userid)[0]
    answer = twin.call("~get", external_userid=external)
    assert answer["external_contact"]["unionid"].startswith("o")
    follow = next(item for item in answer["follow_user"] if item["userid"] == userid)
    assert {"tags", "remark_mobiles", "createtime", "add_way"} <= follow.keys()
    twin.post("/twin/settings", developer_bound=False)
    assert "unionid" not in twin.call("~get", external_userid=external)["external_contact"]
    twin.call("~get", external_userid="wmAnotherCompanys", code=40096)
    twin.call("~get", code=41035)


def test_remark_by_api_is_silent(twin: Twin) -> None:
    userid = next(key for key in twin.clerks() if _customers(twin, key))
    external = _customers(twin, userid)[0]
    pair = {"userid": userid, "external_userid": external}
    twin.call("~remark", pair, code=40063)
    twin.call("~remark", {**pair, "remark": "长" * 21}, code=40058)
    before = twin.record()["events"]["total"]
    twin.call("~remark", {**pair, "remark": "长" * 20, "remark_mobiles": ["13800000000"]})
    twin.call("~remark", {**pair, "remark_mobiles": [""]})
    follow = twin.call("~get", external_userid=external)["follow_user"]
    mine = next(item for item in follow if item["userid"] == userid)
    assert mine["remark"] == "长" * 20
    assert mine["remark_mobiles"] == []
    assert twin.record()["events"]["total"] == before
    other = next(key for key in twin.clerks() if external not in _customers(twin, key))
    twin.call("~remark", {**pair, "userid": other, "remark": "x"}, code=84061)


def test_members_join_move_and_leave(twin: Twin) -> None:
    twin.post("/twin/hire", userid="newcomer", name="新人", department=101)
    assert twin.call("user/get", userid="newcomer")["department"] == [101]
    twin.post("/twin/move", userid="newcomer", department=102)
    assert twin.call("user/get", userid="newcomer")["department"] == [102]
    twin.post("/twin/resign", userid="newcomer")
    twin.call("user/get", userid="newcomer", code=40003)
    assert "newcomer" not in twin.call("~get_follow_user_list")["follow_user"]
    assert twin.record()["events"]["by_kind"] == {
        "change_contact.create_user": 1,
        "change_contact.delete_user": 1,
        "change_contact.update_user": 1,
    }
    assert twin.post("/twin/resign", status=409, userid="newcomer")["error"] == "unknown_member"


def test_departments_change(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    number = twin.post("/twin/department", name="苏州观前街店", parentid=2)["id"]
    twin.post("/twin/department", id=number, name="苏州中心店", parentid=3)
    found = next(item for item in twin.call("department/list")["department"] if item["id"] == number)
    assert (found["name"], found["parentid"]) == ("苏州中心店", 3)
    assert twin.post("/twin/department", status=409, id=3, parentid=number)["error"] == "circle"
    assert twin.post("/twin/department", status=409, id=3, delete=True)["error"] == "not_empty"
    twin.post("/twin/department", id=number, delete=True)
    assert len(twin.call("department/list")["department"]) == 16
    told = sorted((push.fields for push in receiver.wait(3)), key=lambda fields: fields["ChangeType"])
    assert [(item["Event"], item["ChangeType"], item["Id"]) for item in told] == [
        ("change_contact", "create_party", str(number)),
        ("change_contact", "delete_party", str(number)),
        ("change_contact", "update_party", str(number)),
    ]
    assert (told[2]["Name"], told[2]["ParentId"]) == ("苏州中心店", "3")
