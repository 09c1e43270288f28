"""The control API's own document, and the page's files."""

from __future__ import annotations

import re

from tests.twin.twin_process import Twin


def test_every_route_is_documented(twin: Twin) -> None:
    document = twin.get("/twin/openapi.json")
    assert document["openapi"].startswith("3.")
    wanted = {
        "/twin/clock", "/twin/callback", "/twin/shop", "/twin/scan", "/twin/confirm", "/twin/block",
        "/twin/delete", "/twin/remark", "/twin/tag", "/twin/buy", "/twin/refund", "/twin/resign",
        "/twin/person/{id}", "/twin/people", "/twin/members", "/twin/messages", "/twin/tasks",
        "/twin/record", "/twin/record/{kind}", "/twin/faults", "/twin/population",
    }  # fmt: skip
    assert wanted <= document["paths"].keys()
    for path, methods in document["paths"].items():
        assert all(operation["summary"] for operation in methods.values())
        if "get" in methods and "{" not in path:
            assert twin.http.get(path).status_code == 200, path
        if "post" in methods:
            assert twin.http.post(path, json={"nonsense": 1}).status_code == 422, path


def test_endpoints_are_listed(twin: Twin) -> None:
    listed = {
        item["path"].removeprefix("/cgi-bin/"): item for item in twin.get("/twin/endpoints")["endpoints"]
    }
    wanted = [
        "gettoken",
        "getcallbackip",
        "department/list",
        "department/simplelist",
        "user/list",
        "user/simplelist",
        "user/get",
        "user/list_id",
        "message/send",
        "media/upload",
        "media/uploadimg",
    ]
    wanted += [
        f"externalcontact/{name}"
        for name in [
            "get_follow_user_list",
            "list",
            "get",
            "batch/get_by_user",
            "remark",
            "add_contact_way",
            "get_contact_way",
            "list_contact_way",
            "update_contact_way",
            "del_contact_way",
            "get_corp_tag_list",
            "add_corp_tag",
            "edit_corp_tag",
            "del_corp_tag",
            "mark_tag",
            "add_msg_template",
            "get_groupmsg_list_v2",
            "get_groupmsg_task",
            "get_groupmsg_send_result",
            "remind_groupmsg_send",
            "cancel_groupmsg_send",
            "send_welcome_msg",
        ]
    ]
    assert set(wanted) <= set(listed)
    for path in wanted[1:]:
        code = 41001
        answer = twin.http.request(listed[path]["method"], f"/cgi-bin/{path}")
        assert (answer.status_code, answer.json()["errcode"]) == (200, code), path


def test_errors_are_json(twin: Twin) -> None:
    assert twin.http.get("/twin/nothing").json()["error"] == "not_found"
    assert twin.http.get("/twin/scan").status_code == 405
    assert twin.http.post("/twin/scan", content=b"{").status_code == 422
    assert twin.http.get("/twin/person/nobody").status_code == 404
    assert twin.http.get("/elsewhere").status_code == 404
    assert twin.http.get("/static/../page.py").status_code == 404


def test_a_code_is_a_page_for_people_and_a_picture_for_images(twin: Twin) -> None:
    address = f"/qr/{twin.code_for(twin.clerks()[0])}"
    picture = twin.http.get(address, headers={"Accept": "image/avif,image/svg+xml,image/*,*/*;q=0.8"})
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.count("<path") == 1
    page = twin.http.get(address, headers={"Accept": "text/html,application/xhtml+xml,image/webp,*/*;q=0.8"})
    assert page.headers["content-type"].startswith("text/html")


def test_the_page_asks_nobody_else(twin: Twin) -> None:
    page = twin.http.get("/")
    assert "模拟企业微信" in page.text
    assert twin.http.get(f"/qr/{twin.code_for(twin.clerks()[0])}").text == page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    files = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
    assert len(files) == 3
    files += ["/static/dom.js", "/static/customer.js", "/static/clerk.js"]
    for path in files:
        answer = twin.http.get(path)
        assert answer.status_code == 200
        assert not re.findall(r"https?://(?!www\.w3\.org)", answer.text), path
