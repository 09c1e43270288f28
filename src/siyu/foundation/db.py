"""Transactions, locks and small set-based SQL helpers over Django's connection."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection
from django.db import transaction as django_transaction
from django.db.models import Model
from psycopg.types.datetime import TimestamptzLoader

LOCK_TIMEOUT_MS = 5_000


@contextmanager
def transaction() -> Iterator[None]:
    """One request or job is one transaction; operations below never open or commit their own."""
    with django_transaction.atomic():
        yield


@contextmanager
def savepoint() -> Iterator[None]:
    """A part that may fail alone. Deferred constraints are checked before it is released."""
    with django_transaction.atomic():
        yield
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def own_connection() -> psycopg.Connection[Any]:
    """A new connection beside Django's, each statement its own transaction; the caller keeps and closes it.

    For the few hot doors whose one statement is all they do. Raises psycopg.OperationalError.
    """
    return psycopg.connect(
        **{**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}, autocommit=True
    )


def fetch(sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[tuple[Any, ...]]:
    """Run one statement and return all rows (an empty list for statements that return none)."""
    with connection.cursor() as cursor:
        _quick_moments(cursor)
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


def _quick_moments(cursor: Any) -> None:
    # Django reads each timestamp in Python, to put its own time zone on it. Its connections speak UTC, so
    # psycopg's own reader says the same, ten times as fast.
    cursor.cursor.adapters.register_loader("timestamptz", TimestamptzLoader)


def fetch_dicts(sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> list[dict[str, Any]]:
    """Like ``fetch``, each row a dict by column name."""
    with connection.cursor() as cursor:
        _quick_moments(cursor)
        cursor.execute(sql, params)
        names = [column[0] for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()] if names else []


def execute(sql: str, params: Sequence[Any] | dict[str, Any] = ()) -> int:
    """Run one statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def array(values: Iterable[Any]) -> str:
    """A PostgreSQL array literal of texts, numbers, bytes, moments, booleans and NULLs (cast it in the SQL).

    psycopg quotes each element with a regular expression in Python; for thousands of JSON texts this
    is far faster.
    """
    found = list(values)
    kinds = set(map(type, found))
    if kinds == {str}:
        # All texts are escaped at once; NUL, which PostgreSQL cannot keep, stands between them meanwhile.
        text = "\0".join(found)
        if text.count("\0") == len(found) - 1:
            text = text.replace("\\", "\\\\").replace('"', '\\"').replace("\0", '","')
            return '{"' + text + '"}'
    kinds.discard(_NONE)
    if kinds == {int}:
        return "{" + ",".join(["NULL" if value is None else str(value) for value in found]) + "}"
    if kinds == {datetime}:
        return "{" + ",".join(["NULL" if value is None else f'"{value}"' for value in found]) + "}"
    if not kinds:
        return "{" + ",".join(["NULL"] * len(found)) + "}"
    return "{" + ",".join([_element(value) for value in found]) + "}"


_NONE = type(None)


def _element(value: Any) -> str:
    kind = type(value)
    if value is None:
        return "NULL"
    if kind is str:
        text: str = value
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
    if kind is int:
        return str(value)
    if kind is bool:
        return "t" if value else "f"
    if isinstance(value, bytes | memoryview):
        return '"\\\\x' + value.hex() + '"'
    if isinstance(value, datetime):
        return f'"{value.isoformat()}"'
    if isinstance(value, int | str):  # enumerations
        return _element(value + 0 if isinstance(value, int) else str.__str__(value))
    raise TypeError(f"{kind.__name__} has no place in an array")


def lock_rows(model: type[Model], ids: Sequence[int]) -> list[int]:
    """Lock rows of ``model`` in id order, waiting at most five seconds; returns the ids that exist.

    The one way to take row locks on purpose: id order excludes deadlocks between two callers.
    """
    table = connection.ops.quote_name(model._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(  # both in one trip
            f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS};"
            f" SELECT id FROM {table} WHERE id = ANY(%s) ORDER BY id FOR UPDATE",
            [sorted(set(ids))],
        )
        cursor.nextset()
        return [row[0] for row in cursor.fetchall()]


def lock_writers(table: str) -> None:
    """Wait (at most five seconds) for whoever writes to ``table``, and keep others out until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        cursor.execute(f"LOCK TABLE {connection.ops.quote_name(table)} IN SHARE MODE")


def advisory_lock(name: str, key: str | int = "", *, shared: bool = False) -> None:
    """Hold a transaction-long lock on something that has no row yet, named by ``name`` and ``key``.

    Any number may hold it ``shared``, but none while somebody holds it alone.
    """
    digest = hashlib.blake2b(f"{name}\0{key}".encode(), digest_size=8).digest()
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        take = "pg_advisory_xact_lock_shared" if shared else "pg_advisory_xact_lock"
        cursor.execute(f"SELECT {take}(%s)", [int.from_bytes(digest, signed=True)])
