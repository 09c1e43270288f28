"""Coming in: guesses run out, and a changed password, a stopped account, a signed-out session open nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from siyu.foundation import api as foundation
from siyu.foundation.accounts import tries
from siyu.foundation.api import SYSTEM, Role
from siyu.kit import clock

pytestmark = pytest.mark.django_db
RIGHT = "glass-river-42"


def account(username: str = "ann", password: str | None = RIGHT) -> foundation.AccountView:
    return foundation.create_account(
        username=username,
        display_name="Ann",
        role=Role.OWNER,
        scopes=["all"],
        password=password,
        at=clock.business_now(),
        by=SYSTEM,
    )


def sign_in(username: str, password: str, place: str = "192.0.2.1", client: Client | None = None) -> int:
    client = client or Client()
    form = {"username": username, "password": password}
    return client.post("/sign-in/", form, headers={"accept-language": "zh-cn"}, REMOTE_ADDR=place).status_code


@pytest.fixture(autouse=True)
def quick(settings: Any) -> None:
    """Passwords that cost nothing to check."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def test_guesses_run_out_for_a_name_from_a_place() -> None:
    account()
    assert [sign_in("ann", f"guess-{n}") for n in range(10)] == [422] * 10
    client = Client()
    answer = client.post("/sign-in/", {"username": "ann", "password": RIGHT}, REMOTE_ADDR="192.0.2.1")
    assert answer.status_code == 422
    assert "输错次数过多,请等 15 分钟后再试" in answer.content.decode()
    assert sign_in("ann", RIGHT, "192.0.2.2") == 302, "whoever sits elsewhere comes in"
    foundation.execute("UPDATE foundation_accounts_wrongtry SET at = at - interval '16 minutes'")
    assert sign_in("ann", RIGHT) == 302
    kept = foundation.fetch("SELECT name, place FROM foundation_accounts_wrongtry")
    assert b"ann" not in b"".join(bytes(name) for name, _place in kept)


def test_the_right_password_ends_the_count() -> None:
    account()
    for _round in range(3):
        assert [sign_in("ann", "wrong") for _n in range(9)] == [422] * 9
        assert sign_in("ann", RIGHT) == 302


def test_many_names_from_one_place_and_one_name_from_many_run_out_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tries, "MOST_BY_ONE", 15)
    account()
    for number in range(15):
        sign_in(f"nobody-{number}", "x")
    assert sign_in("ann", RIGHT) == 422
    assert sign_in("ann", RIGHT, "192.0.2.2") == 302
    for number in range(15):
        sign_in("ann", "x", f"198.51.100.{number}")
    assert sign_in("ann", RIGHT, "203.0.113.1") == 422


def test_behind_a_proxy_the_place_is_the_one_the_proxy_saw(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    account()
    client, form = Client(), {"username": "ann", "password": "x"}
    for number in range(10):
        client.post("/sign-in/", form, headers={"x-forwarded-for": f"10.0.0.{number}, 192.0.2.7"})
    right = {**form, "password": RIGHT}
    assert (
        client.post("/sign-in/", right, headers={"x-forwarded-for": "10.9.9.9, 192.0.2.7"}).status_code == 422
    )
    assert client.post("/sign-in/", right, headers={"x-forwarded-for": "192.0.2.8"}).status_code == 302
    monkeypatch.setattr(tries, "MOST_BY_ONE", 15)
    for number in range(15):
        client.post("/sign-in/", {"username": f"nobody-{number}", "password": "x"})
    assert client.post("/sign-in/", right).status_code == 302, "a proxy that tells no address is no place"


def test_a_new_password_and_a_stopped_account_end_every_session() -> None:
    person = account()
    here, there = Client(), Client()
    for client in (here, there):
        assert sign_in("ann", RIGHT, client=client) == 302
        assert client.get("/settings/api-keys/").status_code == 200
    cookie = here.cookies[next(name for name in here.cookies if name.endswith("_session"))]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    account(password="glass-river-43")
    assert [client.get("/settings/api-keys/").status_code for client in (here, there)] == [302, 302]
    assert sign_in("ann", "glass-river-43", client=here) == 302
    foundation.set_active(person.id, active=False, at=clock.business_now(), by=SYSTEM)
    assert here.get("/settings/api-keys/").status_code == 302
    assert sign_in("ann", "glass-river-43") == 422


def test_signing_out_ends_the_session_for_whoever_kept_its_cookie() -> None:
    account()
    client, thief = Client(), Client()
    assert sign_in("ann", RIGHT, client=client) == 302
    name = next(name for name in client.cookies if name.endswith("_session"))
    thief.cookies[name] = client.cookies[name].value
    assert thief.get("/settings/api-keys/").status_code == 200
    client.post("/sign-out/")
    assert thief.get("/settings/api-keys/").status_code == 302


def test_a_revoked_key_opens_nothing() -> None:
    key, text = foundation.create_api_key(
        name="till", role=Role.ANALYST, scopes=["all"], at=clock.wall_now(), by=SYSTEM
    )
    client = Client(headers={"Authorization": f"Bearer {text}"})
    assert client.get("/api/v1/customers").status_code == 200
    foundation.revoke_api_key(key.id, at=clock.wall_now(), by=SYSTEM)
    assert client.get("/api/v1/customers").status_code == 401
