"""What only the modules know: migrations, workers, backlog. Loaded when the database answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from siyu.config import room, worker
from siyu.config.cli_language import _
from siyu.foundation import api as foundation
from siyu.kit import clock

from .contracts import Finding, good, note, wrong


def look() -> Iterator[Finding]:
    """Every finding inside the database."""
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if plan:
            text = _("%(count)d migrations are waiting, first %(first)s.")
            yield wrong(text % {"count": len(plan), "first": plan[0][0]}, "siyu migrate")
            return
        yield good(_("The database has all migrations"))
        yield from _clock()
        yield from _work()
        yield from _room()
    except DatabaseError as error:
        yield wrong(_("The database refuses: %(error)s") % {"error": error}, "siyu migrate")


def _clock() -> Iterator[Finding]:
    """Nothing may have happened in the future."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT max(applied) FROM django_migrations")
        row = cursor.fetchone()
    if row and row[0] and row[0] > clock.wall_now() + timedelta(minutes=1):
        text = _("This machine's clock is behind: the database was last changed at %(moment)s.")
        yield wrong(text % {"moment": row[0]}, _("Set the clock, best by NTP."))


def _room() -> Iterator[Finding]:
    """Whether the server's connections are enough for the workers there are."""
    found = room.look(worker.most_connections())
    shown = {
        "fits": found.fits, "connections": found.connections, "each": found.each, "free": room.KEPT_FREE,
        "count": len(found.workers), "needed": found.needed(len(found.workers)),
    }  # fmt: skip
    if len(found.workers) > found.fits:
        text = _(
            "%(count)d workers run, PostgreSQL's %(connections)d connections are enough for %(fits)d"
            " (%(each)d each, %(free)d for the rest)."
        )
        mend = _("Stop a worker, or set max_connections to %(needed)d and a few.")
        yield wrong(text % shown, mend % shown)
    else:
        text = _(
            "PostgreSQL's connections are enough for %(fits)d workers (%(each)d of %(connections)d each)"
        )
        yield good(text % shown)


def _work() -> Iterator[Finding]:
    workers = foundation.workers_seen()
    waiting = worker.pending()
    total = sum(waiting.values())
    shown = ", ".join(f"{name} {number}" for name, number in sorted(waiting.items()))
    if workers:
        yield good(_("Workers seen in the last 30 s: %(count)d") % {"count": len(workers)})
        if total:
            yield note(_("Waiting now: %(waiting)s") % {"waiting": shown})
    elif total:
        yield wrong(_("No worker runs, and work is waiting: %(waiting)s") % {"waiting": shown}, "siyu up")
    else:
        yield note(_("No worker runs; nothing is waiting."), "siyu up")
