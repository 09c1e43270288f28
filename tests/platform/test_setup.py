"""Set-up: pinned by hash, no registry named, and next to nothing to do the second time."""

from __future__ import annotations

import json
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import setup

ROOT = Path(__file__).resolve().parents[2]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_requirement_is_pinned_by_hash_and_no_registry_is_named(lock: Path) -> None:
    text = lock.read_text()
    blocks = re.split(r"\n(?=\S)", re.sub(r"^\s*#.*\n?", "", text, flags=re.MULTILINE).strip())
    assert blocks
    for block in blocks:
        assert re.match(r"[a-z0-9._-]+==\S+", block), block[:80]
        assert "--hash=sha256:" in block, block[:80]
    assert "://" not in text
    assert "--index" not in text


def test_the_lock_file_of_the_front_end_names_no_registry_and_pins_by_hash() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    asked = json.loads((ROOT / "package.json").read_text())["dependencies"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in asked.values())
    for name, about in packages.items():
        if name:
            assert "resolved" not in about, name
            assert about["integrity"].startswith("sha512-"), name


def test_a_second_run_says_nothing_and_costs_next_to_nothing() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "setup.py")], capture_output=True, text=True, check=False
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (result.returncode, result.stderr) == (0, "")
    if result.stdout == "":  # a translation edited since the last set-up is compiled first
        assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.5


def test_each_stage_depends_on_what_it_is_made_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "base.txt").write_text("a==1")
    monkeypatch.setattr(setup, "REQUIREMENTS", tmp_path)
    first = setup.wanted(dev=False)
    (tmp_path / "base.txt").write_text("a==2")
    second = setup.wanted(dev=False)
    assert first["python"] != second["python"]
    assert first["venv"] == second["venv"]
    assert first["front-end"] == second["front-end"]


def test_uv_uses_the_index_that_was_given_to_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "file:///somewhere/simple")
    monkeypatch.delenv("UV_DEFAULT_INDEX", raising=False)
    monkeypatch.delenv("UV_INDEX_URL", raising=False)
    assert setup.pip_environment()["UV_DEFAULT_INDEX"] == "file:///somewhere/simple"
    monkeypatch.setenv("UV_DEFAULT_INDEX", "file:///mine")
    assert "UV_DEFAULT_INDEX" not in setup.pip_environment()


def test_a_command_that_fails_shows_its_last_words() -> None:
    with pytest.raises(setup.SetupError, match=r"exit 3\n    the reason"):
        setup.run([sys.executable, "-c", "print('the reason'); raise SystemExit(3)"])


def test_test_runs_at_the_same_time_take_different_databases() -> None:
    code = "import os, siyu_pytest_postgres; print(os.environ['SIYU_BRAND'])"
    other = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()
    assert re.fullmatch(r"t\d", other)
    assert other != os.environ["SIYU_BRAND"]
