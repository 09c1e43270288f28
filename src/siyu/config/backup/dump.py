"""Write a backup while the installation runs: every table as of one moment, files, key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from siyu.config.backup import tables
from siyu.config.backup.container import FRAME, Writer
from siyu.foundation import api as foundation
from siyu.kit import clock

KEY = "key"
TABLE = "table:"
FILE = "file:"


def write(
    path: Path, *, passphrase: str = "", progress: Callable[[str], None] = lambda _text: None
) -> dict[str, int]:
    """Write a backup of this installation to ``path``; returns the number of rows by table.

    All tables are read in one repeatable-read transaction, so they agree with each other however much is
    written meanwhile. Files are added after the rows that name them were read; one that expires in
    between is left out, as it would have been a moment later.
    """
    data = Path(settings.SIYU_DATA_DIR)
    writer = Writer(path, passphrase)
    try:
        with transaction.atomic():
            foundation.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            foundation.execute("SET LOCAL TIME ZONE 'UTC'")
            found, sums = tables.names(), {}
            about: dict[str, object] = {
                "taken_at": clock.wall_now().isoformat(),
                "migrations": tables.migrations(),
                "columns": {table: tables.columns(table) for table in found},
                "sequences": tables.sequences(),
            }
            for table in found:
                progress(table)
                writer.add(TABLE + table, _rows(table))
                sums[table] = tables.checksum(table)
            tokens = [
                row[0]
                for row in foundation.fetch("SELECT token FROM foundation_files_storedfile ORDER BY id")
            ]
        for token in tokens:
            stored = data / "files" / token[:2] / token
            if stored.exists():
                writer.add(FILE + token, _file(stored))
        writer.add(KEY, [foundation.key_file().read_bytes()])
        writer.finish({**about, "checksums": sums})
    except BaseException:
        writer.discard()
        raise
    return {table: int(sums[table][0]) for table in found}


def _rows(table: str) -> Iterator[bytes]:
    wanted = tables.quoted(tables.columns(table))
    with connection.cursor() as cursor:
        # A query, because a partitioned table cannot be copied by its name.
        with cursor.copy(f'COPY (SELECT {wanted} FROM "{table}") TO STDOUT') as rows:
            for part in rows:
                yield bytes(part)


def _file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while part := file.read(FRAME):
            yield part
