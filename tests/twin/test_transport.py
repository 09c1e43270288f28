"""Tokens, error shapes and limits, as the real server has them."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.twin.twin_process import Twin


def test_success_and_failure_look_like_wecom(twin: Twin) -> None:
    good = twin.raw("externalcontact/get_follow_user_list")
    assert good.status_code == 200
    assert good.json()["errcode"] == 0
    assert good.json()["errmsg"] == "ok"
    assert len(good.json()["follow_user"]) == 63
    assert good.headers["server"] == "nginx"
    assert good.headers["content-type"] == "application/json; charset=UTF-8"
    assert good.headers["error-code"] == "0"
    bad = twin.raw("externalcontact/list", userid="nobody")
    assert bad.status_code == 200
    assert bad.headers["error-code"] == "60111"
    assert bad.headers["error-msg"].startswith("userid not found, hint: [")
    document = bad.json()
    assert document["external_userid"] == []
    assert re.fullmatch(
        r"userid not found, hint: \[\d+\], from ip: 127\.0\.0\.1, "
        r"more info at https://open\.work\.weixin\.qq\.com/devtool/query\?e=60111",
        document["errmsg"],
    )


def test_gettoken_errors(twin: Twin) -> None:
    assert twin.gettoken(corpid="")["errcode"] == 41002
    assert twin.gettoken(corpsecret="")["errcode"] == 41004
    assert twin.gettoken(corpid="ww0000000000000000")["errcode"] == 40013
    wrong = twin.gettoken(corpsecret="wrong")
    assert wrong["errcode"] == 40001
    assert wrong["access_token"] == ""


def test_the_same_token_until_it_expires(twin: Twin) -> None:
    first = twin.gettoken()
    assert first["expires_in"] == 7200
    assert twin.gettoken()["access_token"] == first["access_token"]
    assert twin.gettoken("report")["access_token"] != first["access_token"]
    twin.token()
    twin.advance(7201)
    twin.call("~get_follow_user_list", code=42001)
    second = twin.gettoken()
    assert second["access_token"] != first["access_token"]


@pytest.mark.parametrize(("mode", "old_code"), [("new_keeps", 0), ("new_replaces", 40014)])
def test_other_token_modes(twin: Twin, mode: str, old_code: int) -> None:
    twin.post("/twin/settings", token_mode=mode)
    twin.token()
    assert twin.gettoken()["access_token"] != twin.token()
    twin.call("~get_follow_user_list", code=old_code)


def test_token_troubles(twin: Twin) -> None:
    path = "/cgi-bin/externalcontact/get_follow_user_list"
    assert twin.http.get(path).json()["errcode"] == 41001
    assert twin.http.get(path, params={"access_token": "x"}).json()["errcode"] == 40014
    twin.token()
    assert twin.post("/twin/tokens/invalidate")["invalidated"] == 1
    twin.call("~get_follow_user_list", code=40014)
    assert twin.gettoken()["access_token"] != twin.token()


def test_rights_and_addresses(twin: Twin) -> None:
    twin.call("~get_follow_user_list", code=48002, app="report")
    twin.call("user/list_id", {}, code=48002)
    assert len(twin.call("user/list_id", {}, app="contacts")["dept_user"]) == 63
    twin.post("/twin/settings", trusted_ips=["10.0.0.1"])
    twin.call("~get_follow_user_list", code=60020)


def test_method_path_and_body(twin: Twin) -> None:
    twin.call("~nothing_here", code=40094)
    twin.call("~get_corp_tag_list", code=40058)
    url = "/cgi-bin/externalcontact/get_corp_tag_list"
    query = {"access_token": twin.token()}
    broken = twin.http.post(url, params=query, content=b'{"tag_id": [')
    assert broken.json()["errcode"] == 47001
    assert broken.json()["tag_group"] == []
    assert twin.http.post(url, params=query, content=b"[]").json()["errcode"] == 40058
    escaped = b'{"tag_id": [], "note": "\\u4e2d"}'
    assert twin.http.post(url, params=query, content=escaped).json()["errcode"] == 0
    twin.post("/twin/settings", strict_escapes=True)
    assert twin.http.post(url, params=query, content=escaped).json()["errcode"] == 40033


def test_frequency_limit_blocks_for_a_minute(twin: Twin) -> None:
    twin.post("/twin/settings", per_minute=3)
    for _ in range(3):
        twin.call("~get_follow_user_list")
    twin.call("~get_follow_user_list", code=45009)
    twin.call("getcallbackip")
    twin.advance(30)
    twin.call("~get_follow_user_list", code=45009)
    twin.advance(31)
    twin.call("~get_follow_user_list")


def test_wrong_secrets_block_the_caller(twin: Twin) -> None:
    twin.post("/twin/settings", wrong_secret_per_hour=2)
    codes = [twin.gettoken(corpsecret="wrong")["errcode"] for _ in range(3)]
    assert codes == [40001, 40001, 45009]


def test_too_many_at_once(twin: Twin) -> None:
    twin.post("/twin/settings", in_flight_cap=2)
    twin.post("/twin/faults", slow_ms=400)
    query = {"access_token": twin.token()}

    def ask(path: str) -> int:
        return int(httpx.get(f"{twin.url}/cgi-bin/{path}", params=query).json()["errcode"])

    paths = ["externalcontact/get_follow_user_list"] * 4 + ["getcallbackip"]
    with ThreadPoolExecutor(5) as pool:
        codes = list(pool.map(ask, paths))
    assert sorted(codes[:4]) == [0, 0, 45033, 45033]
    assert codes[4] == 0
    assert ask(paths[0]) == 0
