"""Background work of the connector. HTTP happens outside transactions, so no job here is transactional."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext

from siyu.connectors.wecom import connections, details, directory, reconcile, tags
from siyu.connectors.wecom.channels.mass_results import KEEP_SENDS
from siyu.connectors.wecom.models import Connection, MassSend, WelcomeCode
from siyu.foundation import api as foundation
from siyu.kit.errors import NotFound, OutcomeUnknown, Permanent, RetryLater, SiyuError

DIRECTORY_EVERY = timedelta(hours=1)  # changes are told by callbacks; this heals lost ones
RECONCILE_EVERY = timedelta(hours=2)
DIRECTORY_LOCK, RECONCILE_LOCK = 0x57C1, 0x57C2  # any constants; the pair (constant, connection) names a lock
AT_IT = "wecom.at_it"
KEEP_CODES = timedelta(days=2)


def _wanted(payload: dict[str, Any]) -> list[Connection]:
    """The connection a job is for, or all that are switched on."""
    ids = [int(payload["connection"])] if payload.get("connection") else connections.active_ids()
    found = []
    for connection_id in ids:
        try:
            found.append(connections.by_id(connection_id))
        except NotFound:
            continue
    return found


def _each(payload: dict[str, Any], run: foundation.JobRun, work: Callable[[Connection], str]) -> None:
    """Do `work` for each connection; a failing company is shown and does not stop the others.

    A passing fault makes the job try again; a refusal waits for the next turn of the schedule.
    """
    passing: SiyuError | None = None
    every = _wanted(payload)
    for number, connection in enumerate(every):
        if run.should_stop():
            return
        try:
            run.progress(number + 1, len(every), work(connection))
        except Permanent as error:
            connections.note_failure(connection, error)
        except (RetryLater, OutcomeUnknown) as error:
            if error.code != AT_IT:
                connections.note_failure(connection, error)
            passing = error
    if passing is not None:
        raise passing


def _fresh(payload: dict[str, Any], moment: datetime | None, every: timedelta, at: datetime) -> bool:
    """Whether the schedule has nothing to do because somebody asked for the same just now."""
    return not payload.get("connection") and moment is not None and moment <= at < moment + every / 2


@contextmanager
def _alone(what: int, connection: Connection) -> Iterator[bool]:
    """Whether nobody else is at the same pull of the same company (a session lock: HTTP goes on inside)."""
    [(mine,)] = foundation.fetch("SELECT pg_try_advisory_lock(%s, %s)", [what, connection.pk])
    try:
        yield bool(mine)
    finally:
        if mine:
            foundation.fetch("SELECT pg_advisory_unlock(%s, %s)", [what, connection.pk])


def _guarded(
    what: int, payload: dict[str, Any], connection: Connection, work: Callable[[Connection], str]
) -> str:
    """Do the work alone; where another worker is at it, a schedule skips and a request waits its turn."""
    with _alone(what, connection) as mine:
        if mine:
            return work(connection)
    if payload.get("connection"):
        raise RetryLater(AT_IT, after_seconds=5)
    return gettext("Another worker is at it.")


def sync_directory(payload: dict[str, Any], run: foundation.JobRun) -> None:
    """Departments and members, every ten minutes and after each directory event."""

    def work(connection: Connection) -> str:
        if _fresh(payload, connection.directory_synced_at, DIRECTORY_EVERY, run.at):
            return gettext("Done a moment ago.")
        result = directory.sync(connection, at=run.at)
        return gettext("%(joined)s joined, %(moved)s moved, %(left)s left") % {
            "joined": result.joined,
            "moved": result.moved,
            "left": result.left,
        }

    _each(payload, run, lambda connection: _guarded(DIRECTORY_LOCK, payload, connection, work))


def reconcile_customers(payload: dict[str, Any], run: foundation.JobRun) -> None:
    """All friendships, every half hour: heals lost callbacks."""

    def work(connection: Connection) -> str:
        if _fresh(payload, connection.reconciled_at, RECONCILE_EVERY, run.at):
            return gettext("Done a moment ago.")
        if connection.directory_synced_at is None:
            raise RetryLater(AT_IT, after_seconds=15)  # friends need members; the directory's job comes first
        result = reconcile.reconcile(connection, at=run.at)
        return gettext("%(friends)s friends, %(found)s new, %(ended)s ended") % {
            "friends": result.friends,
            "found": result.found,
            "ended": result.ended,
        }

    _each(payload, run, lambda connection: _guarded(RECONCILE_LOCK, payload, connection, work))


def purge(payload: dict[str, Any], run: foundation.JobRun) -> None:
    """Remove welcome codes that expired and mass sends that nobody will ask about."""
    WelcomeCode.objects.filter(expires_at__lt=run.at - KEEP_CODES).delete()
    MassSend.objects.filter(asked_at__lt=run.at - KEEP_SENDS).delete()


JOBS = (
    foundation.JobType(
        "wecom.directory", sync_directory, every=DIRECTORY_EVERY, transactional=False,
        lease=timedelta(minutes=5),
    ),
    foundation.JobType(
        "wecom.reconcile", reconcile_customers, every=RECONCILE_EVERY, transactional=False,
        lease=timedelta(minutes=10),
    ),
    foundation.JobType(tags.JOB, tags.push, max_attempts=12, transactional=False),
    foundation.JobType("wecom.purge", purge, every=timedelta(hours=12)),
)  # fmt: skip

LOOPS = (foundation.Loop("wecom.details", details.run, details.pending, details.next_due),)
