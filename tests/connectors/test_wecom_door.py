"""The door before Django: it answers exactly as the view does, loses nothing, and lets everything else pass."""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
from django.db import connection as database
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from siyu.config.wsgi import application
from siyu.connectors.wecom import api as wecom
from siyu.connectors.wecom import door, events, receivers
from siyu.connectors.wecom.callbacks import MAX_BODY
from siyu.connectors.wecom.contracts import ConnectionView
from siyu.connectors.wecom.crypto import CryptoError, Envelope
from siyu.facts import api as facts
from siyu.facts.inbox import together
from siyu.facts.inbox.together import TOGETHER, Together
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import BadInput
from tests.connectors.test_wecom_callback import PATH, plain, refused, stored
from tests.connectors.wecom_kit import Twin, connect, envelope, pushed

pytestmark = pytest.mark.django_db(transaction=True)

AT = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)


@pytest.fixture
def view(twin: Twin) -> Iterator[ConnectionView]:
    receivers.forget()
    yield connect(twin)
    TOGETHER.close()


def ask(
    query: dict[str, str] | str, body: bytes, path: str = PATH, method: str = "POST", **more: Any
) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers of the whole application, as a server calls it."""
    query = query if isinstance(query, str) else urlencode(query)
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": "text/xml", "HTTP_HOST": "testserver", "SERVER_NAME": "testserver", "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.input": io.BytesIO(body), "wsgi.url_scheme": "http", "SCRIPT_NAME": "",
    } | more  # fmt: skip
    seen: list[tuple[str, list[tuple[str, str]]]] = []
    parts = application(environ, lambda status, headers, *rest: seen.append((status, headers)))
    [(status, headers)] = seen
    return int(status.split()[0]), b"".join(parts), dict(headers)


def test_a_callback_is_stored_once_and_answered_with_nothing(twin: Twin, view: ConnectionView) -> None:
    for nonce in ("a", "b", "c"):
        status, body, headers = ask(*pushed(envelope(twin), plain(twin), nonce=nonce))
        assert (status, body) == (200, b"")
        assert len(headers["X-Correlation-Id"]) == 32
    assert stored() == 1
    [(correlation, source)] = foundation.fetch("SELECT correlation_id, source FROM facts_inbox_rawmessage")
    assert len(correlation) == 32
    assert source == f"wecom:{twin.config['corpid']}"


def test_the_worker_reads_what_the_door_stored(twin: Twin, view: ConnectionView) -> None:
    body = plain(twin)
    assert ask(*pushed(envelope(twin), body))[0] == 200
    [(sealed,)] = foundation.fetch("SELECT body FROM facts_inbox_rawmessage WHERE state = 'waiting'")
    assert foundation.unseal(sealed, "inbox") == body
    with foundation.transaction():
        facts.ensure_partitions(at=AT)
        facts.install_cursors()
    assert facts.drain_inbox(at=clock.business_now()) == 1
    assert facts.inbox_counts("wecom:").done == 1


def test_refusals_are_word_for_word_those_of_the_view(twin: Twin, view: ConnectionView) -> None:
    for name, (code, query, body) in refused(twin).items():
        there = Client().post(PATH, body, content_type="text/xml", query_params=query)
        here = ask(query, body)
        assert here[:2] == (code, there.content), name
        assert here[2]["Content-Type"] == there.headers["Content-Type"]
    assert stored() == 0


def test_unknown_addresses_and_too_many_fields(twin: Twin, view: ConnectionView) -> None:
    query, body = pushed(envelope(twin), plain(twin))
    assert ask(query, body, "/wecom/callback/other/siyu/")[:2] == (404, b"no such receiver")
    assert ask(query, body, "/wecom/callback/wecom/contacts/")[0] == 403
    assert ask("&".join(["a=1"] * 200), body)[0] == 400
    assert stored() == 0


def test_a_body_without_length_is_limited_too(twin: Twin, view: ConnectionView) -> None:
    query, body = pushed(envelope(twin), plain(twin))
    marked: dict[str, Any] = {"CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert ask(query, b"<xml>" + b"a" * MAX_BODY, **marked)[0] == 413
    assert ask(query, body, CONTENT_LENGTH="")[0] == 400  # nobody says where it ends: nothing is read
    assert stored() == 0
    assert ask(query, body, **marked)[0] == 200
    assert stored() == 1


def test_everything_else_passes_to_django(twin: Twin, view: ConnectionView) -> None:
    seal = envelope(twin)
    echo = seal.encrypt(b"1616140317555161061")
    query = {"msg_signature": seal.sign("1", "n", echo), "timestamp": "1", "nonce": "n", "echostr": echo}
    assert ask(query, b"", method="GET")[:2] == (200, b"1616140317555161061")
    assert ask({}, b"", method="PUT")[0] == 405
    assert ask({}, b"", "/healthz", method="GET")[0] == 200
    assert ask(*pushed(seal, plain(twin)), HTTP_HOST="elsewhere.example")[0] == 400
    assert stored() == 0


def test_many_at_once_are_all_stored(twin: Twin, view: ConnectionView) -> None:
    codes: list[int] = []

    def send(number: int) -> None:
        for step in range(6):
            one = plain(twin, f"wm{(number * 6 + step) % 60:04d}")
            codes.append(ask(*pushed(envelope(twin), one, nonce=str(number)))[0])
        database.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == [200] * 120
    assert stored() == 60


def _end_others() -> None:
    foundation.fetch(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )


def test_a_dead_connection_loses_no_callback(twin: Twin, view: ConnectionView) -> None:
    assert ask(*pushed(envelope(twin), plain(twin)))[0] == 200
    _end_others()
    assert ask(*pushed(envelope(twin), plain(twin, "wm0002")))[0] == 200
    assert stored() == 2


def test_without_a_database_wecom_is_told_to_send_again(twin: Twin, view: ConnectionView) -> None:
    assert ask(*pushed(envelope(twin), plain(twin)))[0] == 200
    host = database.settings_dict["HOST"]
    database.settings_dict["HOST"] = "/nowhere"
    try:
        _end_others()
        assert ask(*pushed(envelope(twin), plain(twin, "wm0002")))[:2] == (503, b"not stored, send it again")
        receivers.forget()
        database.close()
        assert ask(*pushed(envelope(twin), plain(twin, "wm0002")))[0] == 503  # not even the receiver is known
    finally:
        database.settings_dict["HOST"] = host
        database.close()
    assert stored() == 1
    assert ask(*pushed(envelope(twin), plain(twin, "wm0002")))[0] == 200
    assert stored() == 2


def test_a_changed_token_is_seen(twin: Twin, view: ConnectionView, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receivers, "SECONDS", 0.0)
    query, body = pushed(envelope(twin), plain(twin))
    assert ask(query, body)[0] == 200
    config = {**twin.config, "apps": [{**app, "token": "another"} for app in twin.config["apps"]]}
    with foundation.transaction():
        wecom.connect(config, base_url=twin.url, at=AT)
    assert ask(query, body)[0] == 403
    assert stored() == 1


def test_one_that_cannot_be_stored_leaves_the_others_alone(twin: Twin) -> None:
    line, errors = Together(lanes=1), list[Exception]()
    gone, ready = threading.Event(), threading.Barrier(4)

    def put(key: str) -> None:
        ready.wait()
        try:
            line.put((b"test:", key.encode(), b"x", bytes(8), b""))
        except Exception as error:
            errors.append(error)

    with foundation.transaction():  # holds the first statement back, so that the others stand in one line
        foundation.execute("LOCK TABLE facts_inbox_rawmessage IN SHARE MODE")
        threads = [threading.Thread(target=put, args=(key,)) for key in ("a", "b" * 300, "c", "d")]
        for thread in threads:
            thread.start()
        gone.wait(0.3)
    for thread in threads:
        thread.join()
    line.close()
    assert len(errors) == 1
    assert facts.inbox_counts("test:").received == 3


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["<a>", "</a>", "<![CDATA[", "]]>", "&lt;", "&a;", "<!DOCTYPE x>", "<!-- -->", "<?a?>", "<b/>"]),
            st.text(max_size=6),
        ),
        max_size=8,
    )
)  # fmt: skip
def test_the_quick_reader_reads_what_the_careful_one_reads(parts: list[str]) -> None:
    """With a space before it the same text takes the careful reader."""

    def read(body: bytes) -> object:
        try:
            return {child.tag: child.text for child in events._root(body)}
        except BadInput:
            return None

    text = "<xml>" + "".join(parts) + "</xml>"
    try:
        body = text.encode()
    except UnicodeEncodeError:
        return
    assert read(body) == read(b" " + body)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(
                [
                    "<CreateTime>1</CreateTime>", "<CreateTime><![CDATA[2]]></CreateTime>", "<CreateTime>x</CreateTime>",
                    "<MsgId>7</MsgId>", "<MsgId> 8 </MsgId>", "<MsgId/>", "<MsgId><![CDATA[9]]></MsgId>",
                    "<Encrypt><![CDATA[QUI=]]></Encrypt>", "<Encrypt>QUJD</Encrypt>", "<Encrypt><![CDATA[]]></Encrypt>",
                    "<State><![CDATA[<MsgId>6</MsgId>]]></State>", "<State><![CDATA[]]]]></State>", "<State>]]></State>",
                    "<Name>王</Name>", "<Name>\uffff</Name>", "<Name><![CDATA[\x01]]></Name>", "<A><MsgId>5</MsgId></A>",
                    "<A></B>", "<A b='1'>c</A>", " ", "\r\n", "x", "<A>&amp;</A>", "<!-- -->", "</xml><xml>",
                ]
            ),
            st.builds("<A>{}</A>".format, st.text(max_size=4)),
            st.builds("<A><![CDATA[{}]]></A>".format, st.text(max_size=4)),
        ),
        max_size=8,
    ),
    st.sampled_from([b"", b"\xff", b"\xed\xa0\x80", b"\xef\xbf\xbe"]),
)  # fmt: skip
def test_one_look_finds_what_a_parser_finds(parts: list[str], tail: bytes) -> None:
    def read(what: Callable[[bytes], str], body: bytes) -> str | None:
        try:
            return what(body)
        except BadInput:
            return None

    text = "<xml>" + "".join(parts)
    try:
        body = text.encode() + b"<Z>" + tail + b"</Z></xml>"
    except UnicodeEncodeError:
        return
    for what in (events.msgid, events.encrypted_part):
        assert read(what, body) == read(what, b" " + body)


def test_one_look_takes_no_longer_than_the_body_is_long() -> None:
    for body in (
        b"<xml>" + b"<A></A>" * 37_000 + b"<",
        b"<xml><" + b"a" * 256_000,
        b"<xml><A>" + b"x" * 256_000 + b"</B></xml>",
    ):
        began = time.perf_counter()
        assert events._plain(body) is None
        assert time.perf_counter() - began < 2


def test_one_envelope_opens_for_many_threads() -> None:
    shared = Envelope("token", "a" * 43, "ww1")
    wrong: list[object] = []

    def work(number: int) -> None:
        for step in range(200):
            said = f"{number}:{step}".encode() * (1 + step % 40)
            if shared.decrypt(shared.encrypt(said)) != said:
                wrong.append(said)
            with pytest.raises(CryptoError):
                shared.decrypt("A" * 64)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_statements_are_prepared_once_and_the_line_is_handed_on(
    twin: Twin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(together, "MOST", 3)
    monkeypatch.setattr(together, "ROUNDS", 2)
    line = Together(lanes=1)

    def put(number: int) -> None:
        for step in range(10):
            line.put((b"test:", b"%d:%d" % (number, step), b"x", bytes(8), b""))

    threads = [threading.Thread(target=put, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert facts.inbox_counts("test:").received == 120
    kept = line._free[0]
    assert kept is not None
    names = kept._connection.execute("SELECT name FROM pg_prepared_statements").fetchall()
    assert {"siyu_raw_3"} <= {name for (name,) in names} <= {"siyu_raw_1", "siyu_raw_2", "siyu_raw_3"}
    kept._connection.execute("DEALLOCATE ALL")  # as behind a pooler
    for number in range(3):
        line.put((b"test:", b"pooled:%d" % number, b"x", bytes(8), b""))
    assert facts.inbox_counts("test:").received == 123
    line.close()


@given(
    st.lists(st.sampled_from(["a=1", "b=", "a=2=3", "=", "c", "", "d=%41", "e=1+2", "a;b=1"]), max_size=14)
)
def test_the_quick_look_at_a_query_sees_what_the_standard_one_sees(parts: list[str]) -> None:
    query = "&".join(parts)
    assert door._fields(query) == dict(parse_qsl(query, keep_blank_values=True))


def test_a_message_is_named_as_the_worker_will_read_it() -> None:
    for text in ("<CreateTime>1</CreateTime><MsgId> 7 </MsgId>", "<CreateTime>1</CreateTime>"):
        body = f"<xml>{text}</xml>".encode()
        assert events.msgid(body) == events.parse(body).msgid
    for text in ("", "<CreateTime>x</CreateTime>", "<CreateTime>99999999999999999</CreateTime>"):
        for read in (events.msgid, events.parse):
            with pytest.raises(BadInput):
                read(f"<xml>{text}</xml>".encode())
