"""Store raw messages at once, those that arrive side by side in one statement and one commit.

What bounds a door is the commit: it waits for the disk. So whoever comes while a statement is under way
waits in line; when it is done, the first in line writes for all that wait. Alone, a message costs one
statement; under load many share one. Each caller returns only when its own message is committed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg

from siyu.foundation.api import array, correlation_id, own_connection, seal
from siyu.kit.ids import uuid7

log = logging.getLogger("siyu.inbox")

MOST = 200
"""Messages in one statement."""

# Ordered by key, so that two processes that are sent the same messages wait for each other in one direction.
_INSERT = """
INSERT INTO facts_inbox_rawmessage
  (source, key, body, headers, received_at, due_at, state, attempts, correlation_id, last_error)
SELECT source, key, body, headers::jsonb, received_at, received_at, 'waiting', 0, correlation, ''
FROM unnest(%s::text[], %s::text[], %s::bytea[], %s::text[], %s::timestamptz[], %s::text[])
  AS n(source, key, body, headers, received_at, correlation)
ORDER BY source, key
ON CONFLICT (source, key) DO NOTHING
"""


@dataclass
class _Waiting:
    """One caller's message."""

    row: tuple[Any, ...]
    gate: threading.Lock = field(default_factory=threading.Lock)
    done: bool = False
    error: Exception | None = None


class Together:
    """The line of one process, with a connection of its own that is kept and made anew when it has died."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: list[_Waiting] = []
        self._busy = False
        self._connection: psycopg.Connection[Any] | None = None

    def put(self, row: tuple[Any, ...]) -> None:
        """Return once the row is committed (or was there); raise psycopg.Error when it could not be."""
        mine = _Waiting(row)
        with self._lock:
            self._line.append(mine)
            first, self._busy = not self._busy, True
            if not first:
                mine.gate.acquire()
        if not first:
            mine.gate.acquire()  # opened by whoever wrote for us, or made us the next to write
        if not mine.done:
            self._lead()
        if mine.error is not None:
            raise mine.error

    def _lead(self) -> None:
        """Write for everybody who waits now, then let the next in line write."""
        with self._lock:
            batch, self._line = self._line[:MOST], self._line[MOST:]
        try:
            self._write(batch)
        finally:
            with self._lock:
                following = self._line[0] if self._line else None
                self._busy = following is not None
            for one in batch:
                one.done = True
                if one.gate.locked():
                    one.gate.release()
            if following is not None:
                following.gate.release()

    def _write(self, batch: Sequence[_Waiting]) -> None:
        try:
            self._insert(batch)
        except psycopg.OperationalError as error:
            for one in batch:
                one.error = error
        except Exception:
            if len(batch) == 1:
                log.exception("raw message not stored", extra={"source": batch[0].row[0]})
            for one in batch:  # one that cannot be stored must not take the others along
                try:
                    self._insert([one])
                except Exception as error:
                    one.error = error

    def _insert(self, batch: Sequence[_Waiting]) -> None:
        """One statement, which is its own transaction; once more over a new connection when the old one is dead."""
        values = [array(column) for column in zip(*[one.row for one in batch], strict=True)]
        if self._connection is not None:
            try:
                self._connection.execute(_INSERT, values, prepare=True)
                return
            except psycopg.OperationalError as error:
                log.warning("connection to the database made anew", extra={"reason": str(error)})
                with contextlib.suppress(psycopg.Error):
                    self._connection.close()
                self._connection = None
        self._connection = own_connection()
        self._connection.execute(_INSERT, values, prepare=True)


_together = Together()


def receive_now(
    source: str, key: str, body: bytes, *, received_at: datetime, headers: dict[str, str] | None = None
) -> None:
    """Store a raw message and commit it, outside of any transaction; nothing happens when (source, key) is there.

    For doors that must answer "stored" without a request's transaction around them. Raises psycopg.Error
    when it could not be stored; the sender must then send it again.
    """
    _together.put(
        (
            source, key, seal(body, "inbox"), json.dumps(headers) if headers else "{}", received_at,
            correlation_id() or uuid7().hex,
        )
    )  # fmt: skip
