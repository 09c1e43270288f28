"""Prepare the databases, run each bench in a process of its own, print and keep the figures."""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

from benchmarks.harness import brands, growth, report, results
from benchmarks.harness.rows import Row
from siyu.config.cli import processes
from siyu.foundation.postgres import api as postgres

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = "bench"
NAMES = (
    "callbacks", "events", "drain", "latency", "welcome", "ledger", "stock", "due", "journeys", "deliveries",
    "imports", "pages",
)  # fmt: skip
ON_A_BRAND = (
    "pages", "latency", "welcome", "ledger", "stock", "due", "journeys", "deliveries", "callbacks", "drain",
    "imports", "events",
)  # fmt: skip
"""What adds most comes last, where the kept brand itself is used."""
SIZES = [10_000, 100_000, 1_000_000]
PAGES_SIZE = 100_000
LONGEST = 1_200.0
"""Seconds after which a bench is ended, so that the others have their turn."""


def state_folder() -> Path:
    """Where the benches' databases lie: ``SIYU_BENCH_STATE``, else ``.state/bench`` of the checkout."""
    return Path(os.environ.get("SIYU_BENCH_STATE") or ROOT / ".state" / "bench")


def run(options: argparse.Namespace) -> int:
    """Run the benches asked for at each size; answers an exit code."""
    if options.draw:
        growth.draw(results.on_brands())
        return 0
    state = state_folder()
    os.environ["SIYU_DATA_DIR"] = str(state)
    os.environ["SIYU_LOG_LEVEL"] = "WARNING"
    os.environ["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"
    os.environ.pop("SIYU_DATABASE_URL", None)
    postgres.ensure_running(state, profile=postgres.Profile.SHIPPED)
    rows, failed = list[Row](), list[str]()
    kept = results.Results(state, quick=options.quick)
    try:
        for size in _sizes(options):
            _all(size, options, state, rows, failed, kept)
        report.table(rows)
        if options.grow is not None:
            growth.draw(rows)
        print(f"kept in {kept.place}")
    finally:
        postgres.release(state, wait=20)
    if failed:
        print(f"not run: {', '.join(failed)}; the reason is above", file=sys.stderr)
    return 1 if failed else 0


def _sizes(options: argparse.Namespace) -> list[int]:
    """The generated brands to measure on; 0 for a small database of each bench's own."""
    if options.grow is not None:
        return sorted(options.grow or SIZES)
    return [options.customers or 0]


def _all(
    size: int,
    options: argparse.Namespace,
    state: Path,
    rows: list[Row],
    failed: list[str],
    kept: results.Results,
) -> None:
    """The benches at one size; what was measured is kept after each, whatever becomes of the next."""
    if not size:
        _prepare(state)
    for name in options.only or (ON_A_BRAND if size else NAMES):
        try:
            found = _bench(name, size, options, state)
        except Exception:  # the others have their turn all the same
            traceback.print_exc()
            found = None
        if found is None:
            failed.append(f"{name} at {size:,}" if size else name)
            continue
        rows += found
        report.lines(found)
        kept.keep(rows)


def _prepare(state: Path) -> None:
    """A database with all tables, from which each bench gets its own."""
    os.environ["SIYU_BRAND"] = TEMPLATE
    postgres.create_database(state, postgres.database_name(TEMPLATE))
    subprocess.run(processes.siyu("migrate", "--verbosity", "0"), check=True, cwd=ROOT)


def _bench(name: str, size: int, options: argparse.Namespace, state: Path) -> list[Row] | None:
    """One bench on its database; None when it could not be run."""
    if name == "pages":
        size = size or (300 if options.quick else PAGES_SIZE)
    print(f"… {name}{f' on {size:,} customers' if size else ''}", flush=True)
    if not size:
        brand = f"bench_{name}"
        brands.copy(state, TEMPLATE, brand)
    else:
        whole = brands.ensure(state, size, lambda work, on: one(work, on, size, options, state))
        if whole is None:
            return None
        brand = whole if name == "pages" or options.in_place else brands.own(state, whole, name)
    try:
        return one(name, brand, size, options, state)
    finally:
        if not brands.is_kept(brand):
            postgres.drop_database(state, postgres.database_name(brand))


def one(name: str, brand: str, size: int, options: argparse.Namespace, state: Path) -> list[Row] | None:
    """One bench, or work on a kept brand, in a process of its own, so that its peak memory is its own."""
    out = state / f"{name}.json"
    out.unlink(missing_ok=True)
    command = [sys.executable, "-m", "benchmarks.harness.one", name, str(out), "--port", str(options.port)]
    command += ["--quick"] if options.quick else []
    command += ["--customers", str(size), "--mark", results.base36(int(time.time()))] if size else []
    command += ["--settle"] if size and name not in ("pages", "kept.make") else []
    env = {**os.environ, "SIYU_BRAND": brand}
    # a session of its own: what hangs is ended with all its processes
    process = subprocess.Popen(command, cwd=ROOT, env=env, start_new_session=True)
    try:
        code = process.wait(None if name == "kept.make" else LONGEST)
    except subprocess.TimeoutExpired:
        print(f"{name}: ended after {LONGEST:.0f} s", file=sys.stderr)
        code = -1
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return None if code or not out.exists() else results.read_rows(out)
