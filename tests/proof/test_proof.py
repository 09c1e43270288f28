"""A small real run holds every invariant, and each invariant is shown able to fail.

The runs are processes of their own with the settings that ship; the tests' database is not touched.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from proof.checks import CHECKS
from tests.places import open_folder

ROOT = Path(__file__).resolve().parents[2]
SEED = "11"
pytestmark = pytest.mark.slow


def proof(*words: str, state: Path, seconds: int = 900) -> subprocess.CompletedProcess[str]:
    """``python -m proof`` in an environment without the tests' own state."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SIYU_", "DJANGO_"))}
    env["PYTHONPATH"] = f"{ROOT / 'src'}:{ROOT}"
    command = [sys.executable, "-m", "proof", "--seed", SEED, "--state", str(state), *words]
    return subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=seconds, check=False
    )


@pytest.fixture(scope="module")
def finished() -> Iterator[tuple[Path, subprocess.CompletedProcess[str]]]:
    """A run of the smallest size, finished and stopped."""
    with open_folder("siyu-proof-") as folder:
        state = folder / "state"
        yield state, proof("--size", "tiny", state=state)


@pytest.fixture(scope="module")
def found(finished: tuple[Path, subprocess.CompletedProcess[str]]) -> dict[str, dict[str, Any]]:
    """What the checkers said to each break."""
    lines = proof("--check-only", "--break", "all", state=finished[0]).stdout.splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    return {row["break"]: row for row in rows}


def test_a_small_run_under_kills_and_faults_holds_every_invariant(
    finished: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _state, told = finished
    assert told.returncode == 0, told.stdout[-6000:] + told.stderr[-2000:]
    assert "All invariants hold." in told.stdout
    assert "killed:" in told.stdout


def test_each_break_is_caught_by_exactly_the_invariants_it_breaks(found: dict[str, dict[str, Any]]) -> None:
    assert len(found) >= 30
    wrong = [row for row in found.values() if not row["good"]]
    assert not wrong, json.dumps(wrong, indent=1)


def test_a_house_that_is_wrong_itself_is_caught() -> None:
    names = ("blind-resend", "cursor-by-id", "no-key")
    with open_folder("siyu-proof-") as folder:
        told = proof("--size", "tiny", "--sabotage", ",".join(names), state=folder / "state")
    assert told.returncode == 0, told.stdout[-6000:] + told.stderr[-2000:]
    last = told.stdout.splitlines()[-len(names) :]
    assert [line.split(":")[0] for line in last] == list(names)
    assert all("caught by" in line for line in last)


def test_each_invariant_is_broken_by_something(found: dict[str, dict[str, Any]]) -> None:
    caught = {name for row in found.values() for name in row["caught"]}
    assert set(CHECKS) - caught == set()
