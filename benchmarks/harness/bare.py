"""The limit of callbacks: the smallest WSGI application that inserts what it is sent. Served as siyu is."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import psycopg

TABLE = """CREATE TABLE IF NOT EXISTS bench_bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source text NOT NULL, key text NOT NULL, body bytea NOT NULL, received_at timestamptz NOT NULL,
    UNIQUE (source, key))"""
INSERT = (
    "INSERT INTO bench_bare (source, key, body, received_at) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_mine = threading.local()


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Insert the body, committed; answer 200 with nothing."""
    if not hasattr(_mine, "connection"):
        _mine.connection = psycopg.connect(os.environ["BENCH_DSN"], autocommit=True)
    body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
    _mine.connection.execute(INSERT, ["bare", sha256(body).hexdigest(), body, datetime.now(UTC)])
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
