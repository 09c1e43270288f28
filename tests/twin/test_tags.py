"""Corp tags: names, groups, ownership, deletion, marking."""

from __future__ import annotations

from typing import Any

from tests.twin.twin_process import Receiver, Twin


def _add(twin: Twin, group: str, *names: str, code: int = 0) -> dict[str, Any]:
    body = {"group_name": group, "tag": [{"name": name} for name in names]}
    answer: dict[str, Any] = twin.call("~add_corp_tag", body, code=code)["tag_group"]
    return answer


def _names(twin: Twin, group: str) -> list[str]:
    groups = twin.call("~get_corp_tag_list", {})["tag_group"]
    return [tag["name"] for item in groups if item["group_name"] == group for tag in item["tag"]]


def test_add_collapses_appends_and_refuses(twin: Twin) -> None:
    made = _add(twin, "周期", "首周", "首周", "次周")
    assert [tag["name"] for tag in made["tag"]] == ["首周", "次周"]
    assert "deleted" not in made
    _add(twin, "周期", "末周", "首周", code=40071)
    assert sorted(_names(twin, "周期")) == ["次周", "首周"]
    more = _add(twin, "周期", "末周")
    assert more["group_id"] == made["group_id"]
    assert [tag["name"] for tag in more["tag"]] == ["末周"]
    _add(twin, "周期", code=41018)
    _add(twin, "周期", "长" * 31, code=40072)
    twin.call("~add_corp_tag", {"tag": [{"name": "x"}]}, code=40063)
    twin.call("~add_corp_tag", {"group_id": "etx", "tag": [{"name": "x"}]}, code=40068)


def test_order_decides_the_listing(twin: Twin) -> None:
    body = {"group_name": "排序", "tag": [{"name": "低", "order": 1}, {"name": "高", "order": 4294967295}]}
    twin.call("~add_corp_tag", body)
    assert _names(twin, "排序") == ["高", "低"]
    body["tag"] = [{"name": "过", "order": 4294967296}]
    twin.call("~add_corp_tag", body, code=40058)


def test_rename_and_delete(twin: Twin) -> None:
    made = _add(twin, "周期", "首周", "次周")
    first, second = (tag["id"] for tag in made["tag"])
    twin.call("~edit_corp_tag", {"id": first, "name": "次周"}, code=40071)
    twin.call("~edit_corp_tag", {"id": first, "name": "第一周"})
    twin.call("~edit_corp_tag", {"id": "etx", "name": "x"}, code=40068)
    twin.call("~edit_corp_tag", {"name": "x"}, code=41017)
    twin.call("~del_corp_tag", {}, code=41017)
    twin.call("~del_corp_tag", {"tag_id": [first]})
    assert _names(twin, "周期") == ["次周"]
    twin.call("~del_corp_tag", {"tag_id": [first]}, code=40068)
    twin.call("~del_corp_tag", {"tag_id": [second]})
    groups = twin.call("~get_corp_tag_list", {})["tag_group"]
    assert "周期" not in [group["group_name"] for group in groups]
    gone = twin.call("~get_corp_tag_list", {"tag_id": [second]})["tag_group"][0]
    assert (gone["deleted"], gone["tag"][0]["deleted"]) == (True, True)


def test_tags_of_the_console_are_read_only(twin: Twin) -> None:
    groups = twin.call("~get_corp_tag_list", {})["tag_group"]
    level = next(group for group in groups if group["group_name"] == "客户等级")
    assert [tag["name"] for tag in level["tag"]] == ["普通", "银卡", "金卡", "钻石卡"]
    twin.call("~edit_corp_tag", {"id": level["tag"][0]["id"], "name": "x"}, code=81011)
    twin.call("~del_corp_tag", {"group_id": [level["group_id"]]}, code=81011)
    assert _names(twin, "客户等级") == ["普通", "银卡", "金卡", "钻石卡"]


def test_marking(twin: Twin) -> None:
    scan = twin.post("/twin/scan", config_id=twin.code_for(twin.clerks()[0]))
    pair = {"userid": scan["userid"], "external_userid": scan["external_userid"]}
    first, second = (tag["id"] for tag in _add(twin, "周期", "首周", "次周")["tag"])
    events = twin.record()["events"]["total"]
    twin.call("~mark_tag", pair, code=41017)
    twin.call("~mark_tag", {**pair, "add_tag": [first, "etx"]}, code=40068)
    assert _marked(twin, pair) == []
    twin.call("~mark_tag", {**pair, "add_tag": [first, second]})
    assert _marked(twin, pair) == ["首周", "次周"]
    twin.call("~mark_tag", {**pair, "remove_tag": [first]})
    assert _marked(twin, pair) == ["次周"]
    twin.call("~mark_tag", {**pair, "userid": twin.clerks()[1], "add_tag": [first]}, code=84061)
    assert twin.record()["events"]["total"] == events
    twin.call("~del_corp_tag", {"tag_id": [second]})
    assert _marked(twin, pair) == []


def _marked(twin: Twin, pair: dict[str, str]) -> list[str]:
    follow = twin.call("~get", external_userid=pair["external_userid"])["follow_user"][0]
    return [tag["tag_name"] for tag in follow["tags"]]


def test_another_order_is_told(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    groups = twin.call("~get_corp_tag_list", {})["tag_group"]
    level = next(group for group in groups if group["group_name"] == "客户等级")
    twin.post("/twin/corp_tag", id=level["group_id"], shuffle=True)
    assert _names(twin, "客户等级") == ["钻石卡", "金卡", "银卡", "普通"]
    told = receiver.wait(1)[0].fields
    assert (told["ChangeType"], told["Id"]) == ("shuffle", level["group_id"])


def test_console_changes_are_told(twin: Twin, receiver: Receiver) -> None:
    receiver.connect()
    made = twin.post("/twin/corp_tag", group_name="门店活动", name="双十一")["id"]
    twin.post("/twin/corp_tag", id=made, name="双十二")
    twin.post("/twin/corp_tag", id=made, delete=True)
    told = [push.fields for push in receiver.wait(4)]
    assert {item["Event"] for item in told} == {"change_external_tag"}
    kinds = sorted((item["ChangeType"], item["TagType"]) for item in told)
    assert kinds == [("create", "tag"), ("create", "tag_group"), ("delete", "tag"), ("update", "tag")]
