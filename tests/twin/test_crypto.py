"""The callback cipher against the official vectors and against wechatpy."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpy.enterprise.crypto import WeChatCrypto

from twin.callbacks import crypto

CORP, TOKEN = "wx5823bf96d3bd56c7", "QDG6eK"
KEY = "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C"
PUSHED = (
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/s"
    "YYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJ"
    "YuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGU"
    "callcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDY"
    "A5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q=="
)
ECHO = "P9nAzCzyDtyTWESHep1vC5X9xho/qYX3Zpb4yKa9SKld1DsH3Iyt3tP3zNdtp+4RPcs8TgAE7OaBO+FZXvnaqQ=="


def test_official_push() -> None:
    signature = crypto.signature(TOKEN, "1409659813", "1372623149", PUSHED)
    assert signature == "477715d11cdb4164915debcba66cb864d751f3e6"
    plain = crypto.decrypt(KEY, CORP, PUSHED)
    assert "<Content><![CDATA[hello]]></Content>" in plain
    assert "<MsgId>4561255354251345929</MsgId>" in plain
    assert "<AgentID>218</AgentID>" in plain


def test_official_echo() -> None:
    signature = crypto.signature(TOKEN, "1409659589", "263014780", ECHO)
    assert signature == "5c45ff5e21c57e6ad56bac8758b79b1d9ac89fd3"
    assert crypto.decrypt(KEY, CORP, ECHO) == "1616140317555161061"


def test_fixed_random() -> None:
    made = crypto.encrypt(
        "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
        "wxb11529c136998cb6",
        "我是中文abcd123",
        b"aaaabbbbccccdddd",
    )
    assert made == "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg=="


def test_another_receiver_is_refused() -> None:
    sealed = crypto.encrypt(KEY, "another", "hello")
    with pytest.raises(crypto.CryptoError) as caught:
        crypto.decrypt(KEY, CORP, sealed)
    assert caught.value.code == -40005


def test_altered_text_is_refused() -> None:
    sealed = crypto.encrypt(KEY, CORP, "hello")
    with pytest.raises(crypto.CryptoError):
        crypto.decrypt(KEY, CORP, sealed[:-8])
    assert not crypto.verify(TOKEN, "1", "2", sealed, crypto.signature(TOKEN, "1", "3", sealed))


@given(st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=1500))
@settings(max_examples=60, deadline=None)
def test_wechatpy_reads_what_we_write(text: str) -> None:
    other: Any = WeChatCrypto(TOKEN, KEY, CORP)
    sealed = crypto.encrypt(KEY, CORP, text)
    message = f"<xml><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
    read = other.decrypt_message(message, crypto.signature(TOKEN, "1", "2", sealed), "1", "2")
    assert (read.decode() if isinstance(read, bytes) else read) == text
    assert crypto.decrypt(KEY, CORP, sealed) == text
