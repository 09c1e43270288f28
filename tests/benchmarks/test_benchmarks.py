"""Every bench runs at a tiny size and counts exactly; no figure is judged here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.harness import growth
from benchmarks.harness.rows import Row
from tests.places import open_folder

ROOT = Path(__file__).resolve().parents[2]
BENCHES = ("ledger", "stock", "due", "drain")
ON_A_BRAND = ("journeys", "imports", "journeys")


def _run(folder: Path, *words: str) -> tuple[str, dict[str, Any]]:
    """What a run printed and what it kept."""
    results = folder / "results" / str(len(list(folder.glob("results/*"))))
    env = {
        **os.environ,
        "SIYU_BENCH_STATE": str(folder / "state"),
        "SIYU_BENCH_RESULTS": str(results),
    }
    for name in ("SIYU_BRAND", "SIYU_DATA_DIR", "SIYU_DATABASE_URL"):
        env.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", *words],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    [kept] = results.iterdir()
    return done.stdout, json.loads(kept.read_text())


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder("siyu-bench-") as made:
        yield made


@pytest.mark.slow
def test_the_harness_measures_and_keeps_exact_counts(folder: Path) -> None:
    _said, document = _run(folder, "--only", *BENCHES)
    assert document["machine"]["cores"] == os.cpu_count()
    rows = {row["name"]: row for row in document["rows"]}
    assert len(rows) == 5
    assert [name for name, row in rows.items() if row["exact"] is not True] == []
    assert all(row["value"] > 0 and row["load"] is not None for row in rows.values())
    assert all(row["customers"] is None for row in rows.values())
    assert "10 got one, 990 refused, 0 left" in rows["1,000 people take 10 in stock"]["note"]


@pytest.mark.slow
def test_benches_meet_a_generated_brand_that_is_kept_and_may_be_measured_again(folder: Path) -> None:
    said, first = _run(folder, "--grow", "200", "--in-place", "--only", *ON_A_BRAND)
    assert "✓ orders and facts" in said
    assert "journey steps taken\n" in said[said.index("cost, #") :]
    again, second = _run(folder, "--customers", "200", "--only", "due")
    assert "orders and facts" not in again  # the brand was kept
    for document, rows in ((first, 6), (second, 1)):
        assert len(document["rows"]) == rows
        assert {row["customers"] for row in document["rows"]} == {200}
        assert [row["name"] for row in document["rows"] if row["exact"] is not True] == []


def test_growth_is_drawn_from_rows() -> None:
    def posted(customers: int, cpu: float, exact: bool = True) -> Row:
        return Row(
            "posted", 1e6 / cpu, "/s", p99_ms=5.0, customers=customers, exact=exact, measures={"cpu_us": cpu}
        )

    found = [posted(1_000_000, 150, exact=False), posted(10_000, 100), posted(0, 1)]
    assert growth.lines(found) == [
        f"{'':32}  {'rate or span':>16}  {'cpu µs':>7}  {'p99 ms':>7}  cost, ########## at the smallest",
        "posted",
        f"  {'10 thousand':>30}  {'10,000 /s':>16}  {'100':>7}  {'5.00':>7}  ##########",
        f"  {'1 million':>30}  {'6,667 /s':>16}  {'150':>7}  {'5.00':>7}  ############### ×1.5  COUNTS ARE WRONG",
    ]
    pages = [
        Row(f"page: {name}, p95", value, "ms", 200, lower=True, customers=10_000)
        for name, value in (("segments", 100.0), ("home", 0.2), ("not drawn", 7.0))
    ]
    assert growth.lines(pages) == [
        "",
        "p95 of a page in ms; the aim of 200 is a bar of 25",
        f"{'home':<44}{'10 thousand':<13}{'0':>5}  #",
        f"{'segments':<44}{'10 thousand':<13}{'100':>5}  ############",
    ]
