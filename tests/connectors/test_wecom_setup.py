"""Connecting a company: fields, live checks, secrets that stay secret."""

from __future__ import annotations

from typing import Any

import pytest

from siyu.connectors.wecom import connections, receivers
from siyu.connectors.wecom.models import AccessToken, App, Connection
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from tests.connectors.wecom_kit import Twin, connect, now

pytestmark = pytest.mark.django_db(transaction=True)


def form(twin: Twin, **changes: str) -> dict[str, str]:
    app = twin.app()
    return {
        "name": "星榆珠宝", "corpid": twin.config["corpid"], "base_url": twin.url,
        "agentid": str(app["agentid"]), "secret": app["secret"], "token": app["token"],
        "aes_key": app["encoding_aes_key"], **changes,
    }  # fmt: skip


def save(values: dict[str, str], key: str = "") -> str:
    with foundation.transaction():
        return foundation.SETUPS.get("wecom").save(values, key=key, at=now(), by=foundation.SYSTEM)


def checks(key: str) -> dict[str, bool | None]:
    return {item.key: item.ok for item in foundation.SETUPS.get("wecom").check(key, at=now())}


def test_a_company_is_connected_and_checked(twin: Twin) -> None:
    key = save(form(twin))
    assert checks(key) == {"token.siyu": True, "directory": True, "contact": True, "callback": None}
    (status,) = foundation.SETUPS.get("wecom").statuses()
    assert (status.title, status.status) == ("星榆珠宝", "new")
    receivers.forget()
    assert receivers.receiver_of(key, "siyu") is not None
    assert {job.name for job in foundation.list_jobs()} == {"wecom.directory", "wecom.reconcile"}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("corpid", " "),
        ("secret", ""),
        ("agentid", "abc"),
        ("base_url", "qyapi"),
        ("aes_key", "短"),
        ("agentid", "²"),
        ("agentid", "9" * 40),
        ("corpid", "w" * 65),
        ("name", "名" * 121),
        ("base_url", "https://" + "x" * 200),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_saved(twin: Twin, field: str, value: str) -> None:
    with pytest.raises(BadInput) as caught:
        save(form(twin, **{field: value}))
    assert list(caught.value.fields) == [field]
    assert Connection.objects.count() == 0


def test_one_more_company_is_connected_beside_the_first(twin: Twin) -> None:
    first = save(form(twin))
    with pytest.raises(BadInput) as caught:
        save(form(twin, name="又一次"))
    assert list(caught.value.fields) == ["corpid"]
    second = save(form(twin, corpid="ww-other", name="第二家"))
    assert (first, second) == ("wecom", "wecom-2")
    known = {one.key: (one.corpid, one.name) for one in connections.connections()}
    assert known == {"wecom": (twin.config["corpid"], "星榆珠宝"), "wecom-2": ("ww-other", "第二家")}
    save(form(twin, corpid="ww-other", name="改名"), second)
    assert connections.find(second).name == "改名"


def test_secrets_are_sealed_never_shown_and_kept_when_left_empty(twin: Twin) -> None:
    key = save(form(twin))
    before = bytes(App.objects.get().secret)
    assert twin.app()["secret"].encode() not in before
    shown = {field.name: field for field in foundation.SETUPS.get("wecom").fields(key)}
    assert {name: shown[name].value for name in ("secret", "token", "aes_key")} == dict.fromkeys(
        ("secret", "token", "aes_key"), ""
    )
    assert not shown["secret"].required
    save(form(twin, secret="", token="", aes_key="", name="改名"), key)
    assert bytes(App.objects.get().secret) == before
    assert connections.connections()[0].name == "改名"


def test_a_new_secret_forgets_the_old_token(twin: Twin) -> None:
    key = save(form(twin))
    assert checks(key)["token.siyu"]
    client = connections.client_for(connections.find(key), connections.Purpose.CONTACT)
    client.get("externalcontact/get_follow_user_list")
    assert AccessToken.objects.count() == 1
    save(form(twin, secret="x" * 43), key)
    assert AccessToken.objects.count() == 0


def test_each_failing_check_says_what_to_do(twin: Twin) -> None:
    key = save(form(twin, secret="wrong"))
    found = {item.key: item for item in foundation.SETUPS.get("wecom").check(key, at=now())}
    assert [name for name, item in found.items() if item.ok] == []
    assert "Secret" in str(found["token.siyu"].message)
    with twin.settings(trusted_ips=["10.9.9.9"]):
        save(form(twin), key)
        again = {item.key: item for item in foundation.SETUPS.get("wecom").check(key, at=now())}
    assert "IP" in str(again["contact"].message)


def test_connecting_twice_changes_nothing(twin: Twin) -> None:
    def rows() -> list[Any]:
        return [*Connection.objects.values_list(), *App.objects.order_by("id").values_list()]

    connect(twin)
    before = rows()
    connect(twin)
    assert rows() == before
    assert [app.key for app in connections.connections()[0].apps] == ["siyu", "contacts", "report"]
