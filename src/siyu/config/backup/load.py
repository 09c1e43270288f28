"""Restore a backup into an empty installation, whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from siyu.actions.messaging import api as messaging
from siyu.config.backup import tables
from siyu.config.backup.container import Contents, Reader
from siyu.config.backup.dump import FILE, KEY, TABLE
from siyu.config.backup.renumber import renumber
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.foundation.api import SYSTEM
from siyu.foundation.postgres import api as postgres
from siyu.kit import clock
from siyu.kit.errors import Conflict
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

# An installation in which any of these has a row is in use.
IN_USE = (
    "foundation_accounts_user",
    "facts_event",
    "records_customers_customer",
    "foundation_files_storedfile",
)


@dataclass(frozen=True)
class Restored:
    """What a restore did."""

    taken_at: datetime
    rows: int
    files: int
    erased_again: int
    paused: int
    withdrawn: int


def restore(reader: Reader, *, progress: Callable[[str], None] = lambda _text: None) -> Restored:
    """Fill this empty installation from a verified backup, in one transaction.

    Conflict names what is in the way: ``restore.not_empty``, ``restore.other_release`` (migrations differ),
    ``restore.other_brand`` (one of this folder would lose its key), ``restore.differs`` (checksums; nothing is
    kept then). Sequences, cursors and the key are those of the
    backup; facts get transaction ids of this server. Whoever was erased since is erased again. Journeys
    stand still until a person resumes them, and messages that had not left are withdrawn: nobody can say
    whether they left after the backup was taken.
    """
    about = reader.contents.about
    _suitable(about)
    data = Path(settings.SIYU_DATA_DIR)
    installation_key = b"".join(reader.read(KEY))
    _nobody_elses_key(installation_key, data)
    with _Key() as key:
        with transaction.atomic():
            foundation.execute("SET LOCAL TIME ZONE 'UTC'")
            _fill(reader, about, progress)
            renumber()
            for name, value in about["sequences"].items():
                foundation.fetch("SELECT setval(%s::regclass, greatest(%s, 1))", [f'"{name}"', value])
            _compare(about)
            key.become(installation_key)
            files = _files(reader.contents, reader, data)
            at = clock.business_now()
            erased = _erase_again(datetime.fromisoformat(about["taken_at"]), at)
            paused, withdrawn = _stand_still(at)
            foundation.audit(
                SYSTEM, "installation.restored", "installation", "", {"taken_at": about["taken_at"]}, at=at
            )
        key.stay()
    rows = sum(int(count) for count, _sum in about["checksums"].values())
    return Restored(datetime.fromisoformat(about["taken_at"]), rows, files, erased, paused, withdrawn)


def _suitable(about: dict[str, Any]) -> None:
    for table in IN_USE:
        if foundation.fetch(f'SELECT 1 FROM "{table}" LIMIT 1'):
            raise Conflict("restore.not_empty", table)
    if about["migrations"] != tables.migrations():
        raise Conflict("restore.other_release")


def _nobody_elses_key(key: bytes, data: Path) -> None:
    """Brands of one folder have one key: what is sealed with it must not be lost to the restore of another."""
    path = foundation.key_file()
    if os.environ.get("SIYU_DATABASE_URL") or not path.exists() or path.read_bytes() == key:
        return
    if set(postgres.databases(data)) - {settings.DATABASES["default"]["NAME"]}:
        raise Conflict("restore.other_brand")


def _fill(reader: Reader, about: dict[str, Any], progress: Callable[[str], None]) -> None:
    """Put the rows in: guards look away, foreign keys are checked at the end."""
    found = tables.names()
    quoted = ", ".join(f'"{table}"' for table in found)
    for table in found:
        foundation.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER USER')
    foundation.execute(f"TRUNCATE {quoted}")
    for table in found:
        progress(table)
        wanted = tables.quoted(about["columns"][table])
        with connection.cursor() as cursor:
            with cursor.copy(f'COPY "{table}" ({wanted}) FROM STDIN') as rows:
                for part in reader.read(TABLE + table):
                    rows.write(part)
    foundation.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for table in found:
        foundation.execute(f'ALTER TABLE "{table}" ENABLE TRIGGER USER')
    foundation.execute("SET CONSTRAINTS ALL DEFERRED")
    facts.ensure_partitions(at=clock.business_now())


def _compare(about: dict[str, Any]) -> None:
    different = [table for table, told in about["checksums"].items() if tables.checksum(table) != told]
    if different:
        raise Conflict("restore.differs", ", ".join(different))


class _Key:
    """The installation key changes with the database: put back unless the restore is committed."""

    def __init__(self) -> None:
        self._path = foundation.key_file()
        self._before = self._path.read_bytes() if self._path.exists() else None
        self._stays = False

    def __enter__(self) -> _Key:
        return self

    def become(self, key: bytes) -> None:
        """Write the key of the backup."""
        self._write(key)

    def stay(self) -> None:
        """The restore is committed."""
        self._stays = True

    def __exit__(self, *_details: object) -> None:
        if not self._stays and self._before is not None and self._path.read_bytes() != self._before:
            self._write(self._before)

    def _write(self, key: bytes) -> None:
        draft = self._path.with_name(self._path.name + ".restored")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        foundation.forget_keys()


def _files(contents: Contents, reader: Reader, data: Path) -> int:
    """Lay stored files down; they are sealed with the key of the backup and named by their rows."""
    names = [name for name in contents.members if name.startswith(FILE)]
    for name in names:
        token = name.removeprefix(FILE)
        place = data / "files" / token[:2] / token
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = place.with_name(token + ".part")
        with draft.open("wb") as file:
            for part in reader.read(name):
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        shutil.move(draft, place)
    return len(names)


def _erase_again(taken_at: datetime, at: datetime) -> int:
    """Erase whom the register says was erased after the backup was taken; their last refusals go on too."""
    since = [
        line
        for line in foundation.read_register(customers.ERASURES)
        if line["noted_at"] >= taken_at.isoformat()
    ]
    wanted = _living(int(line["customer_id"]) for line in since)
    for customer_id in wanted:
        customers.erase_customer(customer_id, scope=staff.EVERYTHING, at=at, by=SYSTEM)
    customers.refuse_again([one for line in since for one in line.get("refusals", ())], at=at)
    return len(wanted)


def _living(ids: Iterable[int]) -> list[int]:
    rows = foundation.fetch(
        "SELECT id FROM records_customers_customer WHERE id = ANY(%s) AND erased_at IS NULL ORDER BY id",
        [sorted(set(ids))],
    )
    return [row[0] for row in rows]


def _stand_still(at: datetime) -> tuple[int, int]:
    """Pause journeys and withdraw what had not left, or was on its way; returns how many of each."""
    running = [view.id for view in journeys.journeys() if view.state == journeys.JourneyState.RUNNING]
    for journey_id in running:
        journeys.pause(journey_id, at=at, by=SYSTEM)
    ids = [
        row[0]
        for row in foundation.fetch(
            "SELECT id FROM actions_messaging_delivery WHERE state IN ('queued', 'held', 'sending', 'unknown')"
        )
    ]
    report = messaging.cancel(ids, at=at, reason="restored", by=SYSTEM) if ids else None
    return len(running), report.cancelled if report else 0
