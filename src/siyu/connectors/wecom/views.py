"""The callback address: verify, decrypt, store raw, answer. All other work happens from the inbox."""

from __future__ import annotations

from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from siyu.connectors.wecom import events, receivers
from siyu.connectors.wecom.crypto import BadSignature, CryptoError, WrongReceiver
from siyu.facts import api as facts
from siyu.kit import clock
from siyu.kit.errors import BadInput

MAX_BODY = 256 * 1024
"""Bytes; WeCom's largest callbacks (directory events of old apps) stay far below."""


def _plain(text: str, status: int) -> HttpResponse:
    return HttpResponse(text, content_type="text/plain; charset=utf-8", status=status)


@csrf_exempt
@transaction.non_atomic_requests
def callback(request: HttpRequest, connection: str, app: str) -> HttpResponse:
    """GET answers WeCom's address check, POST takes one callback.

    404 unknown address, 403 wrong signature or another company's message, 400 not an envelope,
    413 too large, 405 other methods; nothing is stored then. 200 means stored (or known already).
    """
    if request.method not in {"GET", "POST"}:
        return _plain("method not allowed", 405)
    receiver = receivers.receiver_of(connection, app)
    if receiver is None:
        return _plain("no such receiver", 404)
    try:
        if request.method == "GET":
            return _plain(_open(request, receiver, request.GET.get("echostr", "")).decode(), 200)
        return _store(request, receiver)
    except (BadSignature, WrongReceiver) as error:
        return _plain(str(error), 403)
    except CryptoError as error:
        return _plain(str(error), 400)
    except (BadInput, UnicodeDecodeError):
        return _plain("malformed message", 400)


def _open(request: HttpRequest, receiver: receivers.Receiver, encrypted: str) -> bytes:
    query = request.GET
    return receiver.envelope.open(
        query.get("msg_signature", ""), query.get("timestamp", ""), query.get("nonce", ""), encrypted
    )


def _store(request: HttpRequest, receiver: receivers.Receiver) -> HttpResponse:
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MAX_BODY:
        return _plain("too large", 413)
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return _plain("too large", 413)
    plaintext = _open(request, receiver, events.encrypted_part(body))
    event = events.parse(plaintext)
    key = receivers.inbox_key(event.msgid, plaintext)
    # A look at the connection before each request would cost half as much as the insert. It is not looked at;
    # where it turns out to be dead the insert, which is one by its key, is made again over a new one.
    connection.health_check_done = True  # type: ignore[attr-defined]  # untyped in the stubs
    try:
        facts.receive(receiver.source, key, plaintext, received_at=clock.business_now())
    except (OperationalError, InterfaceError):
        connection.close()
        facts.receive(receiver.source, key, plaintext, received_at=clock.business_now())
    return _plain("", 200)
