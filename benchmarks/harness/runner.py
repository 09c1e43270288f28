"""Prepare the database, run each bench in a process of its own, print and keep the figures."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from psycopg import sql

from benchmarks.harness import machine, report
from benchmarks.harness.rows import Row
from siyu.config.cli import processes
from siyu.foundation.postgres import api as postgres
from siyu.foundation.postgres.places import places
from siyu.foundation.postgres.server import connect

ROOT = Path(__file__).resolve().parents[2]
RESULTS = Path(os.environ.get("SIYU_BENCH_RESULTS") or ROOT / "benchmarks" / "results")
TEMPLATE = "bench"
NAMES = (
    "callbacks", "events", "drain", "latency", "welcome", "ledger", "stock", "due", "journeys", "deliveries",
    "imports", "pages",
)  # fmt: skip


def state_folder() -> Path:
    """Where the benches' databases lie: ``SIYU_BENCH_STATE``, else ``.state/bench`` of the checkout."""
    return Path(os.environ.get("SIYU_BENCH_STATE") or ROOT / ".state" / "bench")


def run(options: argparse.Namespace) -> int:
    """Run the benches asked for; answers an exit code."""
    state = state_folder()
    os.environ["SIYU_DATA_DIR"] = str(state)
    os.environ["SIYU_LOG_LEVEL"] = "WARNING"
    os.environ["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"
    os.environ.pop("SIYU_DATABASE_URL", None)
    postgres.ensure_running(state, profile=postgres.Profile.SHIPPED)
    try:
        _prepare(state)
        rows, failed = list[Row](), list[str]()
        for name in options.only or NAMES:
            found = _bench(name, options, state)
            if found is None:
                failed.append(name)
            else:
                rows += found
                report.lines(found)
        report.table(rows)
        _keep(rows, state, options)
    finally:
        postgres.release(state, wait=20)
    if failed:
        print(f"not run: {', '.join(failed)}; the reason is above", file=sys.stderr)
    return 1 if failed else 0


def _prepare(state: Path) -> None:
    """A database with all tables, from which each bench gets its own."""
    os.environ["SIYU_BRAND"] = TEMPLATE
    postgres.create_database(state, postgres.database_name(TEMPLATE))
    subprocess.run(processes.siyu("migrate", "--verbosity", "0"), check=True, cwd=ROOT)


def fresh_database(state: Path, brand: str) -> None:
    """Replace the brand's database by a copy of the template."""
    name = postgres.database_name(brand)
    postgres.drop_database(state, name)
    with connect(places(state), "postgres") as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(
                sql.Identifier(name), sql.Identifier(postgres.database_name(TEMPLATE))
            )
        )


def _bench(name: str, options: argparse.Namespace, state: Path) -> list[Row] | None:
    """One bench in its own process, so that its peak memory is its own."""
    keeps = name == "pages"  # generating takes minutes: that brand stays until its size changes
    size = options.customers or (300 if options.quick else 100_000)
    brand = f"bench_{name}_{size}" if keeps else f"bench_{name}"
    if not keeps or postgres.database_name(brand) not in postgres.databases(state):
        fresh_database(state, brand)
    elif keeps:
        migrate = processes.siyu("migrate", "--verbosity", "0")
        subprocess.run(migrate, check=True, cwd=ROOT, env={**os.environ, "SIYU_BRAND": brand})
    out = state / f"{name}.json"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.harness.one", name, str(out), "--port", str(options.port)]
    command += ["--quick"] if options.quick else []
    command += ["--customers", str(size)]
    print(f"… {name}", flush=True)
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "SIYU_BRAND": brand}, check=False)
    if not keeps:
        postgres.drop_database(state, postgres.database_name(brand))
    if done.returncode or not out.exists():
        return None
    return [Row(**row) for row in json.loads(out.read_text())]


def _keep(rows: list[Row], state: Path, options: argparse.Namespace) -> None:
    RESULTS.mkdir(parents=True, exist_ok=True)
    document: dict[str, Any] = {
        "taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "quick": options.quick,
        "machine": machine.facts(state),
        "rows": [{**asdict(row), "ratio": row.ratio, "reached": row.reached} for row in rows],
    }
    place = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.json"
    place.write_text(json.dumps(document, ensure_ascii=False, indent=1))
    print(f"kept in {place}")
