"""One callback: is it ours, what does it say, is it stored. Both ways in (the door, the view) answer from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from siyu.connectors.wecom import events, receivers
from siyu.connectors.wecom.crypto import BadSignature, CryptoError, WrongReceiver
from siyu.kit import clock
from siyu.kit.errors import BadInput

MAX_BODY = 256 * 1024
"""Bytes; WeCom's largest callbacks (directory events of old apps) stay far below."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and plain text for the sender."""

    status: int
    text: str


class Store(Protocol):
    """How a raw message is put into the inbox."""

    def __call__(self, source: str, key: str, body: bytes, *, received_at: datetime) -> object:
        """Return only when it is kept."""


def confirm(connection: str, app: str, query: Mapping[str, str]) -> Answer:
    """WeCom's check of the address: the decrypted echo, or a refusal."""
    return _answered(
        connection, app, lambda receiver: _open(receiver, query, query.get("echostr", "")).decode()
    )


def take(
    connection: str,
    app: str,
    query: Mapping[str, str],
    length: str,
    read: Callable[[int], bytes],
    store: Store,
) -> Answer:
    """Verify, decrypt and store one callback; ``read`` gives its body, ``length`` is the announced one.

    200 means stored (or known already). 404 unknown address, 403 wrong signature or another company's
    message, 400 not an envelope, 413 too large; nothing is stored then.
    """

    def work(receiver: receivers.Receiver) -> str:
        if length.isdecimal() and int(length) > MAX_BODY:
            raise _TooLarge
        body = read(MAX_BODY + 1)
        if len(body) > MAX_BODY:
            raise _TooLarge
        plaintext = _open(receiver, query, events.encrypted_part(body))
        key = receivers.inbox_key(events.msgid(plaintext), plaintext)
        store(receiver.source, key, plaintext, received_at=clock.business_now())
        return ""

    return _answered(connection, app, work)


class _TooLarge(Exception):
    """More bytes than any callback has."""


def _answered(connection: str, app: str, work: Callable[[receivers.Receiver], str]) -> Answer:
    receiver = receivers.receiver_of(connection, app)
    if receiver is None:
        return Answer(404, "no such receiver")
    try:
        return Answer(200, work(receiver))
    except (BadSignature, WrongReceiver) as error:
        return Answer(403, str(error))
    except CryptoError as error:
        return Answer(400, str(error))
    except (BadInput, UnicodeDecodeError):
        return Answer(400, "malformed message")
    except _TooLarge:
        return Answer(413, "too large")


def _open(receiver: receivers.Receiver, query: Mapping[str, str], encrypted: str) -> bytes:
    return receiver.envelope.open(
        query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", ""), encrypted
    )
