"""The database server, seen from outside: state, version, clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from siyu.config.cli_language import _
from siyu.foundation.postgres import api as postgres

from .contracts import Finding, good, note, wrong

OLDEST = 150000
LARGEST_SKEW = 2.0


def look(data: Path, url: str | None, brand: str) -> Iterator[Finding]:
    """Every finding about the server; starts the embedded one if it was set up and is not running."""
    if url:
        yield from look_at(url)
        return
    found = postgres.status(data)
    if found.state is postgres.State.ABSENT:
        yield note(_("The embedded PostgreSQL has not been set up yet."), "siyu up")
        return
    try:
        info = postgres.ensure_running(data)
    except postgres.PostgresTrouble as trouble:
        yield wrong(str(trouble), "")
        return
    size = found.size_bytes / 2**20
    yield good(_("Embedded PostgreSQL, %(size).0f MB, in %(place)s") % {"size": size, "place": found.place})
    try:
        name = postgres.database_name(brand)
    except ValueError as error:
        yield wrong(str(error), "unset SIYU_BRAND")
        return
    if name not in postgres.databases(data):
        yield note(_("The brand %(brand)s has no database yet.") % {"brand": brand}, "siyu up")
        return
    yield from look_at(info.dsn(name))


def look_at(address: str) -> Iterator[Finding]:
    """Version and clock of a server."""
    began = time.time()
    try:
        with psycopg.connect(address, connect_timeout=5, autocommit=True) as connection:
            version = connection.info.server_version
            row = connection.execute("SELECT extract(epoch FROM clock_timestamp())::float8").fetchone()
    except (psycopg.Error, ValueError) as error:
        text = _("The database does not answer: %(error)s") % {"error": str(error).strip().splitlines()[-1]}
        yield wrong(text, _("Check SIYU_DATABASE_URL, and that the server runs and lets this machine in."))
        return
    shown = f"{version // 10000}.{version % 10000}"
    if version < OLDEST:
        yield wrong(
            _("PostgreSQL is %(version)s; 15 or newer is needed.") % {"version": shown}, "PostgreSQL ≥ 15"
        )
    else:
        yield good(f"PostgreSQL {shown}")
    middle = (began + time.time()) / 2
    skew = (row[0] if row else middle) - middle
    if abs(skew) > LARGEST_SKEW:
        text = _("The database's clock differs from this machine's by %(skew).0f s.")
        mend = _("Let both keep time by NTP; leases and signatures depend on it.")
        yield wrong(text % {"skew": skew}, mend)
    else:
        yield good(_("Clocks agree"))
