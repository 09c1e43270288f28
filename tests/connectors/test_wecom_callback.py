"""The callback address: what it stores, what it refuses, and that it does nothing else."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection as database
from django.test import Client, RequestFactory
from pytest_django.live_server_helper import LiveServer

from siyu.connectors.wecom import receivers
from siyu.connectors.wecom.contracts import ConnectionView
from siyu.connectors.wecom.views import MAX_BODY, callback
from siyu.facts import api as facts
from tests.connectors.wecom_kit import Twin, connect, envelope, event_xml, pushed, register_callback, wait_for

pytestmark = pytest.mark.django_db(transaction=True)

PATH = "/wecom/callback/wecom/siyu/"
AT = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)


@pytest.fixture
def view(twin: Twin) -> ConnectionView:
    receivers.forget()
    return connect(twin)


def plain(twin: Twin, external: str = "wm0001", **more: str) -> bytes:
    return event_xml(twin.config["corpid"], "add_external_contact", AT, twin.clerks()[0], external, **more)


def post(query: dict[str, str], body: bytes, path: str = PATH) -> int:
    return int(Client().post(path, body, content_type="text/xml", query_params=query).status_code)


def stored() -> int:
    return facts.inbox_counts("wecom:").received


def test_the_address_check_is_answered_with_the_bare_echo(twin: Twin, view: ConnectionView) -> None:
    seal = envelope(twin)
    echo = seal.encrypt(b"1616140317555161061")
    query = {"msg_signature": seal.sign("1", "n", echo), "timestamp": "1", "nonce": "n", "echostr": echo}
    answer = Client().get(PATH, query_params=query)
    assert (answer.status_code, answer.content) == (200, b"1616140317555161061")
    query["msg_signature"] = "0" * 40
    assert Client().get(PATH, query_params=query).status_code == 403


def test_a_callback_is_stored_raw_once(twin: Twin, view: ConnectionView) -> None:
    for nonce in ("a", "b", "c"):
        query, body = pushed(envelope(twin), plain(twin), nonce=nonce)
        assert post(query, body) == 200
    assert stored() == 1


def test_eight_at_once_are_one(twin: Twin, view: ConnectionView) -> None:
    codes: list[int] = []

    def send(number: int) -> None:
        query, body = pushed(envelope(twin), plain(twin), nonce=str(number))
        codes.append(post(query, body))
        database.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 8
    assert stored() == 1


def test_two_customers_in_the_same_second_are_two(twin: Twin, view: ConnectionView) -> None:
    for external in ("wm0001", "wm0002"):
        assert post(*pushed(envelope(twin), plain(twin, external))) == 200
    assert stored() == 2


def test_messages_are_one_by_their_msgid(twin: Twin, view: ConnectionView) -> None:
    for text in ("first", "again"):
        body = (
            f"<xml><ToUserName>{twin.config['corpid']}</ToUserName><CreateTime>1</CreateTime>"
            f"<MsgType>text</MsgType><Content>{text}</Content><MsgId>77</MsgId></xml>"
        ).encode()
        assert post(*pushed(envelope(twin), body)) == 200
    assert stored() == 1


def refused(twin: Twin) -> dict[str, tuple[int, dict[str, str], bytes]]:
    good, body = pushed(envelope(twin), plain(twin))
    other, other_body = pushed(envelope(twin, "ww0000000000000000"), plain(twin))
    inner, inner_body = pushed(envelope(twin), b"<xml><unclosed>")
    entity, entity_body = pushed(
        envelope(twin), b'<!DOCTYPE x [<!ENTITY a "aaaa">]><xml><CreateTime>1</CreateTime>&a;</xml>'
    )
    short, short_body = "QUFBQQ==", b""
    seal = envelope(twin)
    short_query = {"msg_signature": seal.sign("1", "n", short), "timestamp": "1", "nonce": "n"}
    short_body = f"<xml><Encrypt>{short}</Encrypt></xml>".encode()
    return {
        "wrong signature": (403, {**good, "msg_signature": "0" * 40}, body),
        "no signature": (403, {}, body),
        "signature in Chinese": (403, {**good, "msg_signature": "签名"}, body),
        "other time": (403, {**good, "timestamp": "1"}, body),
        "another company's receiveid": (403, other, other_body),
        "not XML": (400, good, b"not xml"),
        "empty": (400, good, b""),
        "JSON": (400, good, b'{"encrypt":"x"}'),
        "no Encrypt": (400, good, b"<xml><ToUserName>x</ToUserName></xml>"),
        "entities": (400, good, b'<!DOCTYPE x [<!ENTITY a "b">]><xml><Encrypt>&a;</Encrypt></xml>'),
        "not a whole block": (400, short_query, short_body),
        "malformed inside": (400, inner, inner_body),
        "entities inside": (400, entity, entity_body),
        "too large": (413, good, b"<xml>" + b"a" * MAX_BODY + b"</xml>"),
    }


def test_what_is_refused_is_refused_whole(twin: Twin, view: ConnectionView) -> None:
    got = {name: post(query, body) for name, (_code, query, body) in refused(twin).items()}
    assert got == {name: code for name, (code, _query, _body) in refused(twin).items()}
    assert stored() == 0


def test_a_body_without_length_is_limited_too(twin: Twin, view: ConnectionView) -> None:
    request = RequestFactory().post(PATH, b"<xml>" + b"a" * MAX_BODY, content_type="text/xml")
    del request.META["CONTENT_LENGTH"]
    assert callback(request, "wecom", "siyu").status_code in {400, 413}
    assert stored() == 0


def test_unknown_addresses_and_methods(twin: Twin, view: ConnectionView) -> None:
    query, body = pushed(envelope(twin), plain(twin))
    assert post(query, body, "/wecom/callback/other/siyu/") == 404
    assert post(query, body, "/wecom/callback/wecom/other/") == 404
    assert Client().put(PATH, body).status_code == 405
    # the keys of one application do not open another's address
    assert post(query, body, "/wecom/callback/wecom/contacts/") == 403
    assert stored() == 0


def test_a_callback_costs_one_statement(
    twin: Twin, view: ConnectionView, django_assert_num_queries: Any
) -> None:
    post(*pushed(envelope(twin), plain(twin, "wm0001")))
    query, body = pushed(envelope(twin), plain(twin, "wm0002"))
    request = RequestFactory().post(PATH, body, content_type="text/xml", query_params=query)
    assert "default" in callback._non_atomic_requests  # no BEGIN and COMMIT around the one insert
    with django_assert_num_queries(1):
        assert callback(request, "wecom", "siyu").status_code == 200


def test_a_changed_token_is_used_within_seconds(twin: Twin, view: ConnectionView) -> None:
    post(*pushed(envelope(twin), plain(twin)))
    receivers.forget()
    assert receivers.receiver_of("wecom", "siyu") is receivers.receiver_of("wecom", "siyu")
    assert receivers.SECONDS <= 10


def test_the_twin_reaches_a_live_server(twin: Twin, view: ConnectionView, live_server: LiveServer) -> None:
    register_callback(twin, live_server.url, view)
    friend = twin.friend()
    pair = {"userid": friend["userid"], "external_userid": friend["external_userid"]}
    twin.post("/twin/remark", **pair, remark="老客😀")
    wait_for(stored)
    assert stored() == 1
    assert twin.get("/twin/record/callback_attempts")["rows"][-1]["http"] == 200


def test_a_dead_connection_to_the_database_loses_no_callback(twin: Twin, view: ConnectionView) -> None:
    assert post(*pushed(envelope(twin), plain(twin), nonce="a")) == 200
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone() or [0]
    other = database.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    other.close()
    assert post(*pushed(envelope(twin), plain(twin, "wm0002"), nonce="b")) == 200
    assert stored() == 2
