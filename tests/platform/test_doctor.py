"""``siyu doctor`` names each thing that is wrong, with how to mend it."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from siyu.config.doctor import database, environment, needs, state
from siyu.config.doctor.contracts import Level
from siyu.foundation.postgres import api as postgres


def test_an_old_python_is_wrong() -> None:
    assert environment.python_version((3, 10)).level is Level.WRONG
    assert environment.python_version((3, 11)).level is Level.GOOD


def test_packages_that_differ_from_the_lock_file_are_named(tmp_path: Path) -> None:
    lock = tmp_path / "base.txt"
    lock.write_text(
        "django==0.1 \\\n    --hash=sha256:00\nnosuchpackage==1\nother==1 ; sys_platform == 'win32'\n"
    )
    finding = environment.packages(lock)
    assert finding.level is Level.WRONG
    assert "django" in finding.what
    assert "nosuchpackage" in finding.what
    assert "other" not in finding.what
    assert finding.mend == "make setup"


def test_missing_front_end_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"dependencies": {"a": "1", "b": "2"}}))
    (tmp_path / "node_modules" / "a").mkdir(parents=True)
    (tmp_path / "node_modules" / "a" / "package.json").write_text(json.dumps({"version": "1"}))
    finding = environment.front_end(tmp_path)
    assert finding.level is Level.WRONG
    assert "b " in finding.what
    assert "a 1" not in finding.what


def test_translations_that_are_not_compiled_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "m" / "locale" / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_text("")
    assert environment.messages(tmp_path).level is Level.WRONG
    (folder / "django.mo").write_text("")
    assert environment.messages(tmp_path).level is Level.GOOD


def test_a_key_others_may_read_is_wrong(tmp_path: Path) -> None:
    key = tmp_path / "keys" / "installation.key"
    key.parent.mkdir()
    key.write_bytes(bytes(32))
    key.chmod(0o644)
    (finding,) = state.key(key)
    assert finding.level is Level.WRONG
    assert finding.mend == f"chmod 600 {key}"
    key.chmod(0o600)
    assert [found.level for found in state.key(key)] == [Level.GOOD]
    key.write_bytes(b"short")
    assert [found.level for found in state.key(key)] == [Level.WRONG]


def test_a_lost_key_is_wrong_only_where_there_is_data(tmp_path: Path) -> None:
    key = tmp_path / "keys" / "installation.key"
    assert list(state.key(key)) == []
    (tmp_path / "postgres").mkdir()
    assert [found.level for found in state.key(key)] == [Level.WRONG]


def test_a_file_in_place_of_the_folder_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    assert state.folder(tmp_path / "x").level is Level.WRONG
    assert state.folder(tmp_path / "none").level is Level.NOTE
    assert state.folder(tmp_path).level is Level.GOOD


def test_a_port_held_by_something_else_is_noted_with_its_holder() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        finding = state.port_state(taken.getsockname()[1])
    assert finding.level is Level.NOTE
    assert f"pid {os.getpid()}" in finding.what


def test_a_database_that_does_not_answer_is_wrong() -> None:
    findings = list(database.look(Path("/nowhere"), "postgresql://nobody@127.0.0.1:9/x", "main"))
    assert [finding.level for finding in findings] == [Level.WRONG]
    assert "SIYU_DATABASE_URL" in findings[0].mend


def test_the_embedded_database_is_looked_at(state: Path) -> None:
    assert [finding.level for finding in database.look(state, None, "main")] == [Level.NOTE]
    postgres.ensure_running(state, profile=postgres.Profile.TESTS)
    postgres.create_database(state, "siyu_main")
    assert {finding.level for finding in database.look(state, None, "main")} == {Level.GOOD}
    assert [finding.level for finding in database.look(state, None, "Not A Name")][-1] is Level.WRONG


def test_damage_of_the_embedded_database_is_told(state: Path) -> None:
    postgres.ensure_running(state, profile=postgres.Profile.TESTS)
    postgres.stop(state)
    (Path(postgres.status(state).place) / "PG_VERSION").unlink()
    (finding,) = database.look(state, None, "main")
    assert finding.level is Level.WRONG
    assert "PG_VERSION" in finding.what


def test_what_browser_tests_need_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert [finding.level for finding in needs.look()] == [Level.WRONG, Level.WRONG]
