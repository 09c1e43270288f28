"""Application messages and uploads."""

from __future__ import annotations

from typing import Any

from tests.twin.twin_process import Twin

PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 64


def _upload(twin: Twin, path: str, name: str = "a.png", content: bytes = PNG, **query: str) -> Any:
    params = {"access_token": twin.token(), **query}
    return twin.http.post(f"/cgi-bin/media/{path}", params=params, files={"media": (name, content)}).json()


def test_message_to_members(twin: Twin) -> None:
    one, two = twin.clerks()[:2]
    body = {"touser": f"{one}|nobody", "msgtype": "text", "agentid": 1000002, "text": {"content": "早报"}}
    answer = twin.call("message/send", body)
    assert answer["invaliduser"] == "nobody"
    twin.call("message/send", {**body, "touser": "", "toparty": "101"})
    assert len(twin.get("/twin/messages", kind="app")["messages"]) == 6
    assert twin.get("/twin/messages", kind="app", userid=one)["messages"][0]["text"] == "早报"
    twin.call("message/send", {**body, "touser": "nobody"}, code=81013)
    twin.call("message/send", {**body, "agentid": 5}, code=40056)
    twin.call("message/send", {**body, "text": {"content": ""}}, code=44004)
    assert twin.get("/twin/messages", userid=two, kind="app")["total"] == 1


def test_upload_and_expiry(twin: Twin) -> None:
    made = _upload(twin, "upload", type="image")
    assert (made["errcode"], made["type"], type(made["created_at"])) == (0, "image", str)
    assert _upload(twin, "upload", "a.txt", type="image")["errcode"] == 40004
    assert _upload(twin, "upload", content=b"123", type="image")["errcode"] == 44001
    assert _upload(twin, "upload", type="song")["errcode"] == 40004
    assert _upload(twin, "upload", content=b"0" * 2_000_001, name="a.amr", type="voice")["errcode"] == 45001
    external = twin.post("/twin/scan", config_id=twin.code_for(twin.clerks()[0]))["external_userid"]
    image = {"msgtype": "image", "image": {"media_id": made["media_id"]}}
    body = {"external_userid": [external], "attachments": [image]}
    twin.call("~add_msg_template", body)
    twin.advance(3 * 86_400 + 1)
    twin._tokens.clear()
    twin.call("~add_msg_template", body, code=40007)


def test_permanent_picture(twin: Twin) -> None:
    url = _upload(twin, "uploadimg")["url"]
    assert twin.http.get(url).headers["content-type"] == "image/svg+xml"
    external = twin.post("/twin/scan", config_id=twin.code_for(twin.clerks()[0]))["external_userid"]
    for address, code in ((url, 0), ("http://elsewhere/x.png", 40007)):
        image = {"msgtype": "image", "image": {"pic_url": address}}
        twin.call("~add_msg_template", {"external_userid": [external], "attachments": [image]}, code=code)
