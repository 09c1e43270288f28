"""Which database a bench gets: a copy of the empty one, a generated brand that is kept, or a copy of that."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from siyu.config.cli import processes
from siyu.foundation.postgres import api as postgres
from siyu.foundation.postgres.places import places
from siyu.foundation.postgres.server import connect

ROOT = Path(__file__).resolve().parents[2]
KEPT = "bench_brand_"
COPIED_MB = 4_000
"""Up to this size each bench gets a copy of the kept brand, which takes seconds and leaves it as it was. A larger
one is used itself: what benches add is small beside what it has."""
PATIENCE = 60.0
Work = Callable[[str, str], object]
_ready = set[str]()


def is_kept(brand: str) -> bool:
    """Whether this is a generated brand itself, and no copy."""
    return brand.startswith(KEPT)


def ensure(state: Path, size: int, work: Work) -> str | None:
    """The kept brand of this size, made now where it is missing or was not finished; None when that fails."""
    brand = f"{KEPT}{size}"
    if brand in _ready:
        return brand
    name = postgres.database_name(brand)
    if name in postgres.databases(state) and not _is_whole(state, name):
        postgres.drop_database(state, name)
    fresh = postgres.create_database(state, name)
    migrate = processes.siyu("migrate", "--verbosity", "0")
    if subprocess.run(migrate, check=False, cwd=ROOT, env={**os.environ, "SIYU_BRAND": brand}).returncode:
        return None
    if fresh and work("kept.make", brand) is None:
        return None
    _ready.add(brand)
    return brand


def own(state: Path, brand: str, bench: str) -> str:
    """A copy of a kept brand for one bench; the kept one itself where it is large or the disk is short."""
    name = postgres.database_name(brand)
    size = _one(state, "SELECT pg_database_size(%s)", name) / 2**20
    if size > COPIED_MB or size * 3 > shutil.disk_usage(state).free / 2**20:
        return brand
    mine = f"bench_{bench}_on_brand"
    copy(state, brand, mine, strategy="FILE_COPY")
    return mine


def copy(state: Path, source: str, target: str, strategy: str = "WAL_LOG") -> None:
    """Replace the target's database by a copy of the source's."""
    name = postgres.database_name(target)
    postgres.drop_database(state, name)
    command = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY {}").format(
        sql.Identifier(name), sql.Identifier(postgres.database_name(source)), sql.SQL(strategy)
    )
    end = time.monotonic() + PATIENCE
    with connect(places(state), "postgres") as connection:
        while True:
            try:
                connection.execute(command)
                return
            except (
                psycopg.errors.ObjectInUse
            ):  # by whoever is just leaving, or a cleaner that is being sent away
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)


def _is_whole(state: Path, name: str) -> bool:
    note = _one(
        state,
        "SELECT coalesce(shobj_description(oid, 'pg_database'), '') FROM pg_database WHERE datname = %s",
        name,
    )
    try:
        return "customers" in json.loads(note)
    except ValueError:
        return False


def _one(state: Path, query: str, name: str) -> Any:
    with connect(places(state), "postgres") as connection:
        row = connection.execute(query, [name]).fetchone()
    if row is None:
        raise psycopg.Error(f"no database {name}")
    return row[0]
