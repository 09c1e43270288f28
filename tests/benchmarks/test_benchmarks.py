"""Every bench runs at a tiny size and counts exactly; no figure is judged here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BENCHES = ("ledger", "stock", "due", "drain")


@pytest.mark.slow
def test_the_harness_measures_and_keeps_exact_counts(tmp_path: Path) -> None:
    state = tmp_path / "state"
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents[:3]:  # an unprivileged server must reach its folder
        if folder.name.startswith("pytest-"):
            folder.chmod(0o755)
    env = {**os.environ, "SIYU_BENCH_STATE": str(state), "SIYU_BENCH_RESULTS": str(tmp_path / "results")}
    for name in ("SIYU_BRAND", "SIYU_DATA_DIR", "SIYU_DATABASE_URL"):
        env.pop(name, None)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--quick", "--only", *BENCHES],
        cwd=ROOT, env=env, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    [kept] = (tmp_path / "results").iterdir()
    document = json.loads(kept.read_text())
    assert document["machine"]["cores"] == os.cpu_count()
    rows = {row["name"]: row for row in document["rows"]}
    assert len(rows) == 5
    assert [name for name, row in rows.items() if row["exact"] is not True] == []
    assert all(row["value"] > 0 and row["load"] is not None for row in rows.values())
    assert "10 got one, 990 refused, 0 left" in rows["1,000 people take 10 in stock"]["note"]
