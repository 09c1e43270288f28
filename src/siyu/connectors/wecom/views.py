"""The callback address as Django serves it: the address check, and callbacks where no door stands before it."""

from __future__ import annotations

from datetime import datetime

from django.db import InterfaceError, OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from siyu.connectors.wecom import callbacks
from siyu.facts import api as facts

MAX_BODY = callbacks.MAX_BODY


@csrf_exempt
@transaction.non_atomic_requests
def callback(request: HttpRequest, connection: str, app: str) -> HttpResponse:
    """GET answers WeCom's address check, POST takes one callback; 405 for other methods."""
    query = request.GET.dict()
    if request.method == "GET":
        answer = callbacks.confirm(connection, app, query)
    elif request.method == "POST":
        length = request.headers.get("Content-Length", "")
        answer = callbacks.take(connection, app, query, length, request.read, _store)
    else:
        answer = callbacks.Answer(405, "method not allowed")
    return HttpResponse(answer.text, content_type="text/plain; charset=utf-8", status=answer.status)


def _store(source: str, key: str, body: bytes, *, received_at: datetime) -> None:
    # A look at the connection before each request would cost half as much as the insert. It is not looked at;
    # where it turns out to be dead the insert, which is one by its key, is made again over a new one.
    connection.health_check_done = True  # type: ignore[attr-defined]  # untyped in the stubs
    try:
        facts.receive(source, key, body, received_at=received_at)
    except (OperationalError, InterfaceError):
        connection.close()
        facts.receive(source, key, body, received_at=received_at)
