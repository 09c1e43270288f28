"""How many workers a PostgreSQL has connections for."""

from __future__ import annotations

import os
from dataclasses import dataclass

from siyu.foundation import api as foundation

NAME = "siyu worker "
"""What a worker's connections are called in the server, before the worker's own name."""

KEPT_FREE = 28
"""Connections left to two web processes (each one for each of eight threads and three for callbacks) and to doctor,
backup and psql."""


@dataclass(frozen=True)
class Room:
    """The server's connections and who may take them."""

    connections: int
    """That siyu's user may open, all brands and machines together."""
    each: int
    """That one worker opens at most: one for each of its threads."""
    workers: frozenset[str]
    """Workers that hold connections now, of whatever brand."""

    @property
    def fits(self) -> int:
        """How many workers can never take the last connection from the web processes."""
        return max(0, (self.connections - KEPT_FREE) // self.each)

    def needed(self, workers: int) -> int:
        """``max_connections`` less the reserved ones that so many workers ask for."""
        return KEPT_FREE + workers * self.each


def call_me(worker: str) -> None:
    """Give the connections that this process opens from now on the worker's name (libpq reads it there)."""
    os.environ["PGAPPNAME"] = (NAME + worker)[:63]


def look(each: int) -> Room:
    """Ask the server; ``each`` is how many connections a worker opens at most."""
    ((most,),) = foundation.fetch(
        "SELECT sum(CASE WHEN name = 'max_connections' THEN setting::int ELSE -setting::int END)::int"
        " FROM pg_settings WHERE name IN"
        " ('max_connections', 'superuser_reserved_connections', 'reserved_connections')"
    )
    rows = foundation.fetch(
        "SELECT DISTINCT application_name FROM pg_stat_activity WHERE starts_with(application_name, %s)",
        [NAME],
    )
    return Room(int(most), each, frozenset(name for (name,) in rows))
