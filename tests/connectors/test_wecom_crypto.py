"""The callback cipher against the published vectors and an independent implementation."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wechatpy.crypto import PrpCrypto
from wechatpy.exceptions import InvalidAppIdException

from siyu.connectors.wecom.crypto import (
    BadEnvelope,
    BadKey,
    BadSignature,
    Envelope,
    WrongReceiver,
    decode_key,
    signature,
)

CORP = "wx5823bf96d3bd56c7"
TOKEN = "QDG6eK"
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
POST_A = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUp"
    "j911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue"
    "06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+"
    "3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH"
    "27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8"
    "R07+qN+E7Q=="
)
ECHO_B = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="


def envelope(receiveid: str = CORP) -> Envelope:
    return Envelope(TOKEN, KEY, receiveid)


def test_official_message_vector() -> None:
    plain = (
        envelope()
        .open("477715d11cdb4164915debcba66cb864d751f3e6", "1409659813", "1372623149", POST_A)
        .decode()
    )
    assert "<FromUserName><![CDATA[mycreate]]></FromUserName>" in plain
    assert "<Content><![CDATA[hello]]></Content>" in plain
    assert "<MsgId>4561255354251345929</MsgId>" in plain
    assert "<AgentID>218</AgentID>" in plain


def test_official_echo_vector() -> None:
    sign = "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert signature(TOKEN, "1409659589", "263014780", ECHO_B) == sign
    assert envelope().open(sign, "1409659589", "263014780", ECHO_B) == b"1616140317555161061"


def test_encryption_vector_with_fixed_random() -> None:
    sealed = Envelope(
        "any",
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "wxb11529c136998cb6",
        random=lambda _count: b"aaaabbbbccccdddd",
    ).encrypt("我是中文abcd123".encode())
    assert sealed == (
        "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="
    )


@pytest.mark.parametrize("length", [*range(70), 255, 256, 1023, 2500, 4999, 5000])
@pytest.mark.parametrize("unit", ["a", "客户", "😀👩‍👩‍👧"])
def test_agrees_with_wechatpy_both_ways(unit: str, length: int) -> None:
    text = (unit * (length + 1))[:length]
    other = PrpCrypto(base64.b64decode(KEY + "="))
    assert envelope().decrypt(other.encrypt(text, CORP).decode()) == text.encode()
    assert other.decrypt(envelope().encrypt(text.encode()), CORP) == text


def test_receiveid_is_compared() -> None:
    sealed = envelope("wwother").encrypt(b"x")
    with pytest.raises(WrongReceiver):
        envelope().decrypt(sealed)
    with pytest.raises(InvalidAppIdException):
        PrpCrypto(base64.b64decode(KEY + "=")).decrypt(sealed, CORP)


def test_an_empty_receiveid_is_not_a_wildcard() -> None:
    with pytest.raises(WrongReceiver):
        envelope().decrypt(envelope("").encrypt(b"x"))
    assert envelope("").decrypt(envelope("").encrypt(b"x")) == b"x"


@pytest.mark.parametrize("field", ["sign", "timestamp", "nonce", "text"])
def test_a_changed_part_breaks_the_signature(field: str) -> None:
    parts = {
        "sign": "477715d11cdb4164915debcba66cb864d751f3e6",
        "timestamp": "1409659813",
        "nonce": "1372623149",
        "text": POST_A,
    }
    parts[field] = ("0" if parts[field][0] != "0" else "1") + parts[field][1:]
    with pytest.raises(BadSignature):
        envelope().open(parts["sign"], parts["timestamp"], parts["nonce"], parts["text"])


@pytest.mark.parametrize("key", ["", "a" * 42, "a" * 44, "*" * 43, "客" * 43])
def test_bad_keys_are_refused(key: str) -> None:
    with pytest.raises(BadKey):
        decode_key(key)


@given(st.binary(max_size=200))
def test_garbage_never_escapes_as_another_error(raw: bytes) -> None:
    for text in (base64.b64encode(raw).decode(), raw.decode("latin-1")):
        with pytest.raises((BadEnvelope, WrongReceiver)):
            envelope().decrypt(text)


@given(st.binary(max_size=400))
def test_round_trip(message: bytes) -> None:
    assert envelope().decrypt(envelope().encrypt(message)) == message
