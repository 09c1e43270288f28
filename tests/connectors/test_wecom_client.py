"""The client against a real twin over HTTP, and against servers that misbehave."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection as database

from siyu.connectors.wecom import connections, tokens
from siyu.connectors.wecom.client import BUSY_PAUSES, Client, Credentials
from siyu.connectors.wecom.contracts import Purpose
from siyu.connectors.wecom.models import AccessToken, App
from siyu.foundation import api as foundation
from siyu.kit.errors import OutcomeUnknown, Permanent, RetryLater
from tests.connectors.wecom_kit import Twin, connect, seconds

pytestmark = pytest.mark.django_db(transaction=True)


def client_of(twin: Twin, base_url: str = "") -> Client:
    view = connect(twin, base_url=base_url)
    return connections.client_for(connections.by_id(view.id), Purpose.CONTACT)


@contextmanager
def raw_server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that treats each connection as `answer` says."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.2)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                peer, _address = listener.accept()
            except TimeoutError:
                continue
            with peer:
                peer.settimeout(2)
                peer.recv(65536)
                answer(peer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        thread.join()
        listener.close()


def http(status: str, body: bytes) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body


def with_token(client: Client) -> Client:
    """Give the client a token, so that its next exchange is the call itself."""
    tokens.token_of(client._is.app_id, lambda: tokens.Fetched("t0", 7200))
    return client


def test_a_token_is_fetched_once_and_kept_sealed(twin: Twin) -> None:
    client = client_of(twin)
    for _time in range(5):
        assert client.get("externalcontact/get_follow_user_list")["errcode"] == 0
    kept = AccessToken.objects.get()
    token = tokens.token_of(kept.app_id, lambda: pytest.fail("a second fetch"))
    assert token.encode() not in bytes(kept.token)
    assert seconds(0) < kept.expires_at - kept.fetched_at <= seconds(7200)


def test_a_dead_token_is_replaced_once(twin: Twin) -> None:
    client = client_of(twin)
    client.get("externalcontact/get_follow_user_list")
    first = tokens.token_of(AccessToken.objects.get().app_id, lambda: pytest.fail("fetched"))
    twin.post("/twin/tokens/invalidate")
    assert client.get("externalcontact/get_follow_user_list")["errcode"] == 0
    assert tokens.token_of(AccessToken.objects.get().app_id, lambda: pytest.fail("fetched")) != first


def test_a_token_that_always_dies_ends_in_a_sentence_for_the_operator(twin: Twin) -> None:
    client = client_of(twin)
    with twin.faults(token_invalidated=1.0):
        with pytest.raises(Permanent) as caught:
            client.get("externalcontact/get_follow_user_list")
    assert caught.value.params["errcode"] == 40014
    assert caught.value.params["setup"] is True


def test_an_old_token_is_renewed_before_it_dies(twin: Twin) -> None:
    client = with_token(client_of(twin))
    AccessToken.objects.update(expires_at=AccessToken.objects.get().fetched_at)
    assert client.get("externalcontact/get_follow_user_list")["errcode"] == 0


def test_eight_threads_fetch_one_token(twin: Twin) -> None:
    client = client_of(twin)
    fetched: list[str] = []

    def fetch() -> tokens.Fetched:
        fetched.append("x")
        return tokens.Fetched(f"token{len(fetched)}", 7200)

    got: list[str] = []

    def work() -> None:
        got.append(tokens.token_of(client._is.app_id, fetch))
        database.close()

    threads = [threading.Thread(target=work) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["token1"] * 8


def test_a_wrong_secret_says_what_to_do(twin: Twin) -> None:
    view = connect(twin)
    connection = connections.by_id(view.id)
    app = App.objects.filter(connection=connection).order_by("id")[0]
    wrong = connections.credentials(connection, app)
    client = Client(Credentials(wrong.connection_id, app.pk, wrong.corpid, 1, twin.url, "wrong"))
    with pytest.raises(Permanent) as caught:
        client.get("externalcontact/get_follow_user_list")
    assert caught.value.params["errcode"] == 40001
    assert "Secret" in str(caught.value) or "secret" in str(caught.value)


def test_busy_is_tried_three_times_more(twin: Twin, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("siyu.connectors.wecom.client.time.sleep", pauses.append)
    client = client_of(twin)
    client.get("externalcontact/get_follow_user_list")
    with twin.faults(busy=1.0):
        with pytest.raises(RetryLater) as caught:
            client.write(
                "externalcontact/add_contact_way", {"type": 1, "scene": 2, "user": twin.clerks()[:1]}
            )
    assert caught.value.params["errcode"] == -1
    assert pauses == list(BUSY_PAUSES)


@pytest.mark.parametrize(("code", "wait"), [(45009, 60.0), (45033, 1.0)])
def test_limits_tell_how_long_to_wait(twin: Twin, code: int, wait: float) -> None:
    body = f'{{"errcode":{code},"errmsg":"limit"}}'.encode()
    with raw_server(lambda peer: peer.sendall(http("200 OK", body))) as address:
        with pytest.raises(RetryLater) as caught:
            with_token(client_of(twin, address)).write("x", {})
    assert caught.value.after_seconds == wait


def test_the_frequency_limit_of_the_twin_is_understood(twin: Twin) -> None:
    client = client_of(twin)
    client.get("externalcontact/get_follow_user_list")
    with twin.faults(freq_limit=1.0):
        with pytest.raises(RetryLater) as caught:
            client.get("externalcontact/get_follow_user_list")
    assert caught.value.after_seconds == 60.0


def test_a_limit_on_fetching_tokens_passes_in_a_minute_like_any_other(twin: Twin) -> None:
    client = client_of(twin)
    with twin.faults(freq_limit=1.0):
        with pytest.raises(RetryLater) as caught:
            client.get("externalcontact/get_follow_user_list")
    assert (caught.value.params["path"], caught.value.after_seconds) == ("gettoken", 60.0)
    assert client.get("externalcontact/get_follow_user_list")["errcode"] == 0


ODD = {
    "cut off": lambda peer: peer.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"errcode":0'),
    "closed": lambda peer: None,
    "not JSON": lambda peer: peer.sendall(http("200 OK", b"<html>")),
    "a list": lambda peer: peer.sendall(http("200 OK", b"[]")),
    "502": lambda peer: peer.sendall(http("502 Bad Gateway", b"<html>")),
}


@pytest.mark.parametrize("kind", list(ODD))
def test_an_unclear_answer_is_unknown_for_writes_and_retried_for_reads(twin: Twin, kind: str) -> None:
    with raw_server(ODD[kind]) as address:
        client = with_token(client_of(twin, address))
        with pytest.raises(OutcomeUnknown):
            client.write("externalcontact/add_msg_template", {})
        with pytest.raises(RetryLater):
            client.read("externalcontact/list_contact_way", {})
        with pytest.raises(RetryLater):
            client.get("externalcontact/get_follow_user_list")


def test_an_answer_cut_off_after_the_effect_is_unknown(twin: Twin) -> None:
    client = client_of(twin)
    client.get("externalcontact/get_follow_user_list")
    with twin.faults(cut_after_effect=1.0):
        with pytest.raises(OutcomeUnknown):
            client.write(
                "externalcontact/add_contact_way", {"type": 1, "scene": 2, "user": twin.clerks()[:1]}
            )


def test_a_refused_connection_certainly_did_nothing(twin: Twin) -> None:
    with raw_server(lambda peer: None) as address:
        pass  # the port is free again
    client = with_token(client_of(twin, address))
    with pytest.raises(RetryLater) as caught:
        client.write("x", {})
    assert caught.value.code == "wecom.unreachable"


def test_another_web_server_is_a_set_up_mistake(twin: Twin) -> None:
    with raw_server(lambda peer: peer.sendall(http("404 Not Found", b"<html>"))) as address:
        with pytest.raises(Permanent) as caught:
            with_token(client_of(twin, address)).write("x", {})
    assert caught.value.params["setup"] is True


def test_bodies_are_raw_utf8(twin: Twin) -> None:
    client = client_of(twin)
    with twin.settings(strict_escapes=True):
        made = client.write(
            "externalcontact/add_contact_way",
            {"type": 1, "scene": 2, "user": twin.clerks()[:1], "remark": "渠道😀", "state": "utf8"},
        )
    way = client.read("externalcontact/get_contact_way", {"config_id": made["config_id"]})["contact_way"]
    assert way["remark"] == "渠道😀"


def test_no_secret_reaches_a_log(twin: Twin, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.DEBUG)
    client = client_of(twin)
    client.get("externalcontact/get_follow_user_list")
    token = tokens.token_of(AccessToken.objects.get().app_id, lambda: pytest.fail("fetched"))
    told = "\n".join(record.getMessage() for record in caplog.records)
    assert "get_follow_user_list" in told
    assert token not in told
    assert twin.app()["secret"] not in told
    assert twin.app()["secret"] not in repr(client._is)


def test_no_call_inside_a_transaction(twin: Twin) -> None:
    client = with_token(client_of(twin))
    with foundation.transaction(), pytest.raises(RuntimeError, match="transaction"):
        client.get("externalcontact/get_follow_user_list")


def test_every_page_is_read_also_after_an_empty_one(twin: Twin) -> None:
    client = client_of(twin)
    members = twin.clerks()[:100]
    pages = list(client.pages("externalcontact/batch/get_by_user", {"userid_list": members, "limit": 7}))
    assert len(pages) > 1
    found = [
        item["external_contact"]["external_userid"]
        for page in pages
        for item in page["external_contact_list"]
    ]
    whole = client.read("externalcontact/batch/get_by_user", {"userid_list": members, "limit": 100})
    assert len(found) > 100 >= len(whole["external_contact_list"])


def test_a_cursor_that_repeats_does_not_run_for_ever(twin: Twin) -> None:
    body = b'{"errcode":0,"errmsg":"ok","contact_way":[],"next_cursor":"same"}'
    with raw_server(lambda peer: peer.sendall(http("200 OK", body))) as address:
        client = with_token(client_of(twin, address))
        with pytest.raises(RetryLater):
            list(client.pages("externalcontact/list_contact_way", {}))
