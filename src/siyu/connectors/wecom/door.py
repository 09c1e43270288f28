"""The door before Django: a POST to a callback address is verified, stored and answered here.

A callback needs no session, language, page or request transaction, and WeCom's busiest hour is the
brand's busiest hour. Everything else, and whatever looks unusual, goes on to Django.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable
from functools import cache, lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

import psycopg
from django.conf import settings
from django.db import Error as DatabaseError
from django.http.request import split_domain_port, validate_host

from siyu.connectors.wecom import callbacks
from siyu.facts import api as facts
from siyu.foundation import api as foundation

log = logging.getLogger("siyu.wecom")

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

ADDRESS = re.compile(r"/wecom/callback/([-a-zA-Z0-9_]+)/([-a-zA-Z0-9_]+)/")
USUAL = re.compile(
    r"msg_signature=(?P<msg_signature>[0-9a-f]+)&timestamp=(?P<timestamp>[0-9]+)&nonce=(?P<nonce>[0-9A-Za-z]+)"
)
"""The query as WeCom writes it."""

NOT_STORED = callbacks.Answer(503, "not stored, send it again")


def door(application: Application) -> Application:
    """``application`` with the door before it."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        found = ADDRESS.fullmatch(environ["PATH_INFO"]) if environ["REQUEST_METHOD"] == "POST" else None
        if found is None or not _is_ours(environ.get("HTTP_HOST", ""), tuple(settings.ALLOWED_HOSTS)):
            return application(environ, start_response)
        return _take(found[1], found[2], environ, start_response)

    return answer


@lru_cache(maxsize=64)
def _is_ours(host: str, allowed: tuple[str, ...]) -> bool:
    """Whether Django would serve this host; if not, it shall say so itself."""
    domain, _port = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def _take(
    connection: str, app: str, environ: dict[str, Any], start_response: Callable[..., Any]
) -> Iterable[bytes]:
    with foundation.correlated() as correlation:
        try:
            answer = _answer(connection, app, environ)
        except (psycopg.Error, DatabaseError) as error:
            # Whatever the cause, the message is not kept: WeCom must hear that, and then sends it again.
            log.error("callback not stored", extra={"path": environ["PATH_INFO"], "reason": str(error)})
            answer = NOT_STORED
        if 400 <= answer.status < 500:
            refusal = {"path": environ["PATH_INFO"], "status": answer.status, "reason": answer.text}
            log.warning("callback refused", extra=refusal)
        body = answer.text.encode()
        start_response(
            _line(answer.status),
            [
                ("Content-Type", "text/plain; charset=utf-8"),
                ("Content-Length", str(len(body))),
                ("X-Content-Type-Options", "nosniff"),
                ("X-Correlation-Id", correlation),
            ],
        )
        return [body]


@cache
def _line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


def _answer(connection: str, app: str, environ: dict[str, Any]) -> callbacks.Answer:
    length = environ.get("CONTENT_LENGTH") or ""
    stream = environ["wsgi.input"]
    if length.isdecimal():
        end = int(length)
    else:  # in pieces without a length: only a server that marks the end may be read to it
        end = callbacks.MAX_BODY + 1 if environ.get("wsgi.input_terminated") else 0
    try:
        query = _fields(environ.get("QUERY_STRING", ""))
    except ValueError:
        return callbacks.Answer(400, "malformed message")
    return callbacks.take(
        connection, app, query, length, lambda most: bytes(stream.read(min(most, end))), facts.receive_now
    )


def _fields(query: str) -> dict[str, str]:
    """The query's fields, the last of each name; ValueError when there are too many."""
    if (found := USUAL.fullmatch(query)) is not None:
        return found.groupdict()
    if "%" not in query and "+" not in query and query.count("&") < 10:
        pairs = [pair.split("=") for pair in query.split("&")]
        if all(len(pair) == 2 for pair in pairs):  # as WeCom writes it
            return {pair[0]: pair[1] for pair in pairs}
    return dict(parse_qsl(query, keep_blank_values=True, max_num_fields=100))
