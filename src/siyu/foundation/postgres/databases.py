"""Databases inside a running server."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
from psycopg import sql

from . import places, server, troubles

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def _checked(name: str) -> sql.Identifier:
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a database name: {name!r}")
    return sql.Identifier(name)


def create_database(data_dir: Path, name: str) -> bool:
    """Create it if it is missing; True if it was. Safe when two callers ask at once."""
    identifier = _checked(name)
    with server.connect(places.places(data_dir), "postgres") as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            return False
        try:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'").format(identifier)
            )
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return False
    return True


def drop_database(data_dir: Path, name: str) -> None:
    """Remove it with everything in it, ending its connections."""
    identifier = _checked(name)
    with server.connect(places.places(data_dir), "postgres") as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(identifier))


def databases(data_dir: Path) -> list[str]:
    """The names of all databases, without the server's own."""
    with server.connect(places.places(data_dir), "postgres") as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE NOT datistemplate AND datname <> 'postgres' ORDER BY 1"
        ).fetchall()
    return [str(row[0]) for row in rows]


def check_own(url: str) -> None:
    """Raise PostgresTrouble if a PostgreSQL of one's own does not answer within five seconds."""
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.Error as error:
        raise troubles.no_answer(str(error).strip().splitlines()[-1]) from error
