"""Store raw messages at once, those that arrive side by side in one statement and one commit.

What bounds a door is the commit: it waits for the disk. So whoever comes while a statement is under way
waits in line; when it is done, the first in line writes for all that wait. Alone, a message costs one
statement; under load many share one. Each caller returns only when its own message is committed.
"""

from __future__ import annotations

import contextlib
import logging
import struct
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache

import psycopg
import psycopg.errors

from siyu.foundation.api import correlation_id, own_connection, seal
from siyu.kit.ids import new_id

Row = tuple[bytes, bytes, bytes, bytes, bytes]
"""Source, key, sealed body, moment of arrival, correlation id, each as PostgreSQL reads it in binary."""

log = logging.getLogger("siyu.inbox")

LANES = 1
"""Statements of one process under way side by side. The fuller a statement, the cheaper each message in it: on two
quiet cores one took 107 and 120 µs of processor time a callback and reached 0.96 and 1.01 of the bare insert's rate,
three took 207 and 187 and reached 0.53 and 0.81. On a machine that others use too, three stored more than one, whose
single writer waits for a processor; one still stored several times what is asked for."""

MOST = 32
"""Messages in one statement."""

ROUNDS = 8
"""Statements one caller writes before it lets the next in line write."""


COLUMNS = 5
BINARY = [1] * (COLUMNS * MOST)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
_moment = struct.Struct(">q").pack


@cache
def _statement(rows: int) -> bytes:
    # One statement for each number of rows: a third cheaper for PostgreSQL than unnest of arrays.
    values = ", ".join(
        f"(${n + 1}, ${n + 2}, ${n + 3}, ${n + 4}, ${n + 4}, ${n + 5}, '{{}}', 'waiting', 0, '')"
        for n in range(0, rows * COLUMNS, COLUMNS)
    )
    return (
        "INSERT INTO facts_inbox_rawmessage"
        " (source, key, body, received_at, due_at, correlation_id, headers, state, attempts, last_error)"
        f" VALUES {values} ON CONFLICT (source, key) DO NOTHING"
    ).encode()


LOST = (psycopg.errors.InvalidSqlStatementName, psycopg.errors.DuplicatePreparedStatement)
"""What a pooler that changes the server's connection with each transaction answers."""


class _Connection:
    """A connection to the database with its statements prepared.

    libpq is called without cursors and adapters between: that, and the parsing and planning anew which
    Django's connection parameters ask for, cost more than the insert itself.
    """

    def __init__(self) -> None:
        self._connection = own_connection()
        self._prepared = dict[int, bytes]()
        self._pooled = False

    def insert(self, rows: Sequence[Row]) -> None:
        """Store the rows by one statement, which is its own transaction; raises psycopg.Error."""
        values = [value for row in rows for value in row]
        formats = BINARY[: len(values)]
        if not self._pooled:
            try:
                name = self._prepared.get(len(rows)) or self._prepare(len(rows))
                self._check(self._connection.pgconn.exec_prepared(name, values, formats))
                return
            except LOST:  # nothing was stored: what was prepared is another server connection's
                log.warning("a pooler loses prepared statements; callbacks cost more without them")
                self._pooled = True
        self._check(self._connection.pgconn.exec_params(_statement(len(rows)), values, None, formats))

    def close(self) -> None:
        """Give it back."""
        self._connection.close()

    def _prepare(self, rows: int) -> bytes:
        name = b"siyu_raw_%d" % rows
        self._check(self._connection.pgconn.prepare(name, _statement(rows)))
        self._prepared[rows] = name
        return name

    def _check(self, result: psycopg.pq.abc.PGresult) -> None:
        if result.status == psycopg.pq.ExecStatus.COMMAND_OK:
            return
        if self._connection.pgconn.status != psycopg.pq.ConnStatus.OK:
            raise psycopg.OperationalError(result.get_error_message())
        raise psycopg.errors.error_from_result(result)


@dataclass
class _Waiting:
    """One caller's message."""

    row: Row
    lane: _Lane | None = None
    gate: threading.Lock = field(default_factory=threading.Lock)
    stored: bool = False
    error: Exception | None = None


class Together:
    """The line of one process, with connections of its own that are kept, and made anew when they have died."""

    def __init__(self, lanes: int = LANES) -> None:
        self._lock = threading.Lock()
        self._line: list[_Waiting] = []
        self._free: list[_Connection | None] = [None] * lanes

    def put(self, row: Row) -> None:
        """Return once the row is committed (or was there); raise psycopg.Error when it could not be."""
        mine = _Waiting(row)
        with self._lock:
            if self._free:  # then nobody waits
                mine.lane = _Lane(self._free.pop(), [mine])
            else:
                self._line.append(mine)
                mine.gate.acquire()
        if mine.lane is None:
            mine.gate.acquire()  # opened by whoever wrote for us, or handed us a lane
        if mine.lane is not None:
            self._lead(mine.lane)
        if not mine.stored:
            raise mine.error or psycopg.OperationalError("not stored")

    def _lead(self, lane: _Lane) -> None:
        """Write for the lane's batch and all who wait by then, some times over; then hand on the lane or free it.

        Going on at once spares the next in line to be woken before the next statement can begin: a third of the
        thread switches. Not for ever, since whoever writes is answered last.
        """
        for turn in range(1, ROUNDS + 1):
            self._load(lane)
            batch = lane.batch
            going_on = False
            try:
                lane.write()
                going_on = turn < ROUNDS
            finally:
                with self._lock:
                    lane.batch = []
                    if not self._line:
                        self._free.append(lane.connection)
                        going_on = False
                    elif not going_on:
                        following = self._line.pop(0)
                        following.lane, lane.batch = lane, [following]
                        following.gate.release()
                for one in batch:
                    if one.lane is None:
                        one.gate.release()
            if not going_on:
                return

    def close(self) -> None:
        """Close the connections that nobody uses just now; the next message makes one anew."""
        with self._lock:
            for connection in self._free:
                if connection is not None:
                    connection.close()
            self._free = [None] * len(self._free)

    def _load(self, lane: _Lane) -> None:
        with self._lock:
            room = MOST - len(lane.batch)
            lane.batch += self._line[:room]
            del self._line[:room]


class _Lane:
    """A connection while somebody writes over it."""

    def __init__(self, connection: _Connection | None, batch: list[_Waiting]) -> None:
        self.connection = connection
        self.batch = batch

    def write(self) -> None:
        """Store the batch, or note with each message why it could not be."""
        batch = self.batch
        try:
            self._insert(batch)
        except psycopg.OperationalError as error:
            for one in batch:
                one.error = error
        except Exception:
            for one in batch:  # one that cannot be stored must not take the others along
                try:
                    self._insert([one])
                except Exception as error:
                    log.exception("raw message not stored", extra={"source": one.row[0].decode()})
                    one.error = error

    def _insert(self, batch: Sequence[_Waiting]) -> None:
        """One statement; once more over a new connection when the old one is dead."""
        # In the order of keys, so that two processes sent the same messages wait in one direction only.
        rows = sorted([one.row for one in batch])
        if self.connection is not None:
            try:
                self._store(self.connection, batch, rows)
                return
            except psycopg.OperationalError as error:
                log.warning("connection to the database made anew", extra={"reason": str(error)})
                with contextlib.suppress(psycopg.Error):
                    self.connection.close()
                self.connection = None
        self.connection = _Connection()
        self._store(self.connection, batch, rows)

    @staticmethod
    def _store(connection: _Connection, batch: Sequence[_Waiting], rows: Sequence[Row]) -> None:
        connection.insert(rows)
        for one in batch:
            one.stored = True


TOGETHER = Together()


def receive_now(source: str, key: str, body: bytes, *, received_at: datetime) -> None:
    """Store a raw message and commit it, outside of any transaction; nothing happens when (source, key) is there.

    For doors that must answer "stored" without a request's transaction around them. Raises psycopg.Error
    when it could not be stored; the sender must then send it again.
    """
    correlation = correlation_id() or new_id()
    moment = _moment((received_at - EPOCH) // MICROSECOND)
    TOGETHER.put((source.encode(), key.encode(), seal(body, "inbox"), moment, correlation.encode()))
