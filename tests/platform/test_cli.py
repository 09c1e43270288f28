"""The command ``siyu`` as people type it: help in their language, clear refusals, a whole installation."""

from __future__ import annotations

import io
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from siyu.config.cli import main
from siyu.config.supervisor.ports import free_port
from siyu.foundation import api as foundation
from siyu.foundation.postgres import api as postgres

SIYU = [sys.executable, "-c", "import sys; from siyu.config.cli import main; sys.exit(main())"]


def environment(data: Path, **more: str) -> dict[str, str]:
    """That of a newcomer: no setting but the place of state."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("SIYU_", "LC_", "LANG"))
    }
    kept.pop("DJANGO_SETTINGS_MODULE", None)
    return kept | {"SIYU_DATA_DIR": str(data)} | more


def siyu(data: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SIYU, *words],
        capture_output=True,
        text=True,
        env=environment(data, **more),
        timeout=120,
        check=False,
    )


def wait_for(condition: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


@pytest.mark.parametrize(
    ("lang", "word"),
    [("zh_CN.UTF-8", "运行系统"), ("en_US.UTF-8", "run the installation"), ("C", "run the installation")],
)
def test_help_speaks_the_readers_language_and_starts_nothing(state: Path, lang: str, word: str) -> None:
    result = siyu(state, "--help", LANG=lang, PYTHONIOENCODING="utf-8")
    assert result.returncode == 0
    assert word in result.stdout
    for command in ("up", "demo", "import", "apikey", "doctor", "worker"):
        assert f"    {command} " in result.stdout
    assert not state.exists()


def test_no_word_at_all_shows_help(state: Path) -> None:
    assert siyu(state).stdout == siyu(state, "--help").stdout


def test_a_wrong_option_is_refused_in_chinese(state: Path) -> None:
    result = siyu(state, "import", "orders", LANG="zh_CN.UTF-8", PYTHONIOENCODING="utf-8")
    assert result.returncode == 2
    assert "缺少参数" in result.stderr


def test_an_address_of_a_database_that_is_none_is_explained(state: Path) -> None:
    result = siyu(state, "migrate", SIYU_DATABASE_URL="mysql://a/b")
    assert result.returncode == 2
    assert "SIYU_DATABASE_URL must read postgresql://" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("command", ["migrate", "up"])
def test_a_database_that_does_not_answer_is_explained(state: Path, command: str) -> None:
    result = siyu(state, command, SIYU_DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")
    assert result.returncode == 1
    assert "SIYU_DATABASE_URL does not answer" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_broken_database_folder_is_explained_without_a_traceback(state: Path) -> None:
    postgres.ensure_running(state, profile=postgres.Profile.TESTS)
    postgres.stop(state)
    (Path(postgres.status(state).place) / "PG_VERSION").write_text("9\n")
    result = siyu(state, "migrate")
    assert result.returncode == 1
    assert "PostgreSQL 9" in result.stderr
    assert "Traceback" not in result.stderr


def run(*words: str) -> int:
    """In this process, on the test's own database."""
    return main(words)


@pytest.mark.django_db
def test_api_keys_are_made_listed_and_ended(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("apikey", "create", "shop", "--role", "service") == 0
    key = capsys.readouterr().out.splitlines()[-1]
    assert key.startswith("siyu_")
    run("apikey", "list")
    listed = capsys.readouterr().out
    assert key[:12] in listed
    assert key not in listed
    number = listed.split("\t")[0]
    assert run("apikey", "revoke", number) == 0
    capsys.readouterr()
    run("apikey", "list")
    assert "ended" in capsys.readouterr().out
    assert run("apikey", "revoke", number) == 1
    assert "siyu apikey list" in capsys.readouterr().err


@pytest.mark.django_db
def test_an_unknown_role_is_refused_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("apikey", "create", "x", "--role", "king") == 2
    assert "owner" in capsys.readouterr().err
    run("apikey", "list")
    assert capsys.readouterr().out == ""


@pytest.mark.django_db
def test_an_account_is_made_once_with_a_password_that_is_long_enough(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def create(password: str) -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(f"{password}\n"))
        return run("account", "create", "ann", "--role", "owner")

    assert create("short") == 2
    assert foundation.account_for_username("ann") is None
    assert create("long enough 1") == 0
    made = foundation.account_for_username("ann")
    assert made is not None
    assert made.check_password("long enough 1")
    assert create("another one 2") == 1
    assert "exists" in capsys.readouterr().err
    kept = foundation.account_for_username("ann")
    assert kept is not None
    assert kept.check_password("long enough 1")


@pytest.mark.django_db
def test_a_file_or_preset_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("import", "orders", str(tmp_path / "none.csv")) == 2
    (tmp_path / "a.csv").write_text("a\n1\n")
    assert run("import", "orders", str(tmp_path / "a.csv"), "--preset", "nonsense") == 2
    assert "generic" in capsys.readouterr().err


def test_up_serves_and_leaves_nothing(folder: Path) -> None:
    data, log = folder / "s", folder / "log"
    port = free_port("127.0.0.1", 18000)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        refused = siyu(data, "up", "--port", str(port))
        assert refused.returncode == 1
        assert f"Port {port} is in use" in refused.stderr
    with log.open("w") as out:
        process = subprocess.Popen(
            [*SIYU, "up", "--port", str(port)], stdout=out, stderr=out, env=environment(data)
        )
    try:
        wait_for(lambda: "siyu is ready" in log.read_text() or process.poll() is not None)
        assert f"siyu is ready: http://127.0.0.1:{port}/" in log.read_text()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 200
        children = descendants(process.pid)
        assert len(children) >= 3
        doctor = siyu(data, "doctor", "--port", str(port))
        assert f"siyu answers on port {port}" in doctor.stdout
        assert "The database has all migrations" in doctor.stdout
        assert "Workers seen in the last 30 s: 1" in doctor.stdout
    finally:
        process.send_signal(signal.SIGINT)
        code = process.wait(30)
    assert code == 0
    wait_for(lambda: not [pid for pid in children if alive(pid)], 5)
    assert not postgres.is_alive(data)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def descendants(pid: int) -> list[int]:
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(fields[1])
    found: list[int] = []
    frontier = [pid]
    while frontier:
        frontier = [child for child, parent in parents.items() if parent in frontier]
        found += frontier
    return found
