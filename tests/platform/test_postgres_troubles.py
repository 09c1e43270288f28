"""What can be wrong with the place of the database: each named, with what to do, and nothing changed."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from siyu.foundation.postgres import api as postgres
from siyu.foundation.postgres import cluster, places

NOBODY = 65534


def refusal(state: Path) -> postgres.PostgresTrouble:
    with pytest.raises(postgres.PostgresTrouble) as caught:
        postgres.ensure_running(state)
    trouble = caught.value
    assert trouble.english != trouble.chinese
    assert any("\u4e00" <= letter <= "\u9fff" for letter in trouble.chinese)
    return trouble


def contents(folder: Path) -> dict[str, str]:
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


@pytest.fixture
def stopped(state: Path) -> Path:
    """The data folder of a server that ran once."""
    postgres.ensure_running(state, profile=postgres.Profile.TESTS)
    postgres.stop(state)
    return places.places(state).data


@pytest.fixture
def small_disk(folder: Path, as_root: None) -> Iterator[Callable[[int], Path]]:
    """Mounts a disk of so many MB."""
    mounted = folder / "disk"
    mounted.mkdir()

    def mount(megabytes: int) -> Path:
        options = f"size={megabytes}m,mode=755"
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "siyu-test", str(mounted)], check=True)
        return mounted / "s"

    yield mount
    postgres.stop(mounted / "s") if (mounted / "s").exists() else None
    subprocess.run(["umount", "-l", str(mounted)], check=True)


def test_another_major_version_is_named_and_left_alone(state: Path, stopped: Path) -> None:
    (stopped / "PG_VERSION").write_text("17\n")
    before = contents(stopped)
    trouble = refusal(state)
    assert trouble.code == "other_version"
    assert "PostgreSQL 17" in trouble.english
    assert contents(stopped) == before
    assert postgres.status(state).state is postgres.State.OTHER_VERSION


@pytest.mark.parametrize("lost", ["PG_VERSION", "global/pg_control", "postgresql.conf"])
def test_a_missing_part_is_named(state: Path, stopped: Path, lost: str) -> None:
    (stopped / lost).unlink()
    before = contents(stopped)
    trouble = refusal(state)
    assert trouble.code == "damaged"
    assert lost in trouble.english
    assert contents(stopped) == before


def test_a_control_file_cut_short_is_damage(state: Path, stopped: Path) -> None:
    os.truncate(stopped / "global" / "pg_control", 100)
    assert refusal(state).code == "damaged"


def test_lost_log_files_are_damage(state: Path, stopped: Path) -> None:
    for file in (stopped / "pg_wal").iterdir():
        if file.is_file():
            file.unlink()
    assert refusal(state).code == "damaged"


def test_an_empty_folder_in_its_place_is_damage_and_not_set_up_silently(state: Path, stopped: Path) -> None:
    shutil.rmtree(stopped)
    stopped.mkdir()
    assert refusal(state).code == "damaged"
    assert list(stopped.iterdir()) == []


def test_a_full_disk_at_set_up(small_disk: Callable[[int], Path]) -> None:
    state = small_disk(60)
    trouble = refusal(state)
    assert trouble.code == "disk_full"
    assert "MB free" in trouble.english
    assert not places.places(state).data.exists()


def test_a_full_disk_at_start(small_disk: Callable[[int], Path]) -> None:
    state = small_disk(400)
    postgres.ensure_running(state)
    postgres.stop(state)
    free = cluster.free_bytes(state)
    with (state / "ballast").open("wb") as ballast:
        os.posix_fallocate(ballast.fileno(), 0, free - 20 * 2**20)
    assert refusal(state).code == "disk_full"
    (state / "ballast").unlink()
    assert postgres.ensure_running(state).pid


def test_a_read_only_disk(small_disk: Callable[[int], Path], folder: Path) -> None:
    state = small_disk(100)
    subprocess.run(["mount", "-o", "remount,ro", str(folder / "disk")], check=True)
    trouble = refusal(state)
    assert trouble.code == "not_writable"
    assert "SIYU_DATA_DIR" in trouble.english


def test_a_socket_folder_made_by_somebody_else_is_refused(folder: Path) -> None:
    state = folder / ("long" * 30)
    sockets = places.places(state).sockets
    sockets.symlink_to(folder)
    try:
        assert refusal(state).code == "not_owner"
    finally:
        sockets.unlink()


def test_a_place_that_is_a_file(folder: Path) -> None:
    (folder / "s").write_text("not a folder")
    assert refusal(folder / "s").code == "not_writable"
    (folder / "s").unlink()


def test_root_keeps_what_the_servers_user_cannot_reach_in_a_system_folder(
    folder: Path, as_root: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SYSTEM", folder / "system")
    closed = folder / "home"
    closed.mkdir(mode=0o700)
    state = closed / "s"
    where = places.places(state)
    assert folder / "system" in where.data.parents
    try:
        assert postgres.ensure_running(state).started_now
        assert where.data.stat().st_uid != 0
        assert (where.base / "belongs-to").read_text() == f"{state}\n"
        closed.chmod(0o755)  # opened later: the data stays where it lies
        assert places.places(state).data == where.data
    finally:
        postgres.stop(state)


def test_programs_that_the_servers_user_cannot_reach_are_copied(
    folder: Path, as_root: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "SYSTEM", folder / "system")
    real = places.reachable
    monkeypatch.setattr(
        places, "reachable", lambda path, run_as: "site-packages" not in str(path) and real(path, run_as)
    )
    assert postgres.ensure_running(folder / "s").started_now
    assert folder / "system" in places.programs(places.plain_user()).parents


def as_nobody(work: Callable[[], str]) -> str:
    """Do it in a child that has become an ordinary user; answer what it returned."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            os.write(writer, work().encode())
        except BaseException as error:
            os.write(writer, f"{type(error).__name__}: {error}".encode())
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        text = answer.read()
    os.waitpid(child, 0)
    return text


def outcome(state: Path) -> str:
    # The interpreter of this run may lie in root's closed home; the guard needs only a standard library.
    if not os.access(sys.executable, os.X_OK):
        sys.executable = "/usr/bin/python3"
    try:
        return f"pid {postgres.ensure_running(state).pid > 0}"
    except postgres.PostgresTrouble as trouble:
        return trouble.code


def test_an_ordinary_user_starts_its_own(folder: Path, as_root: None) -> None:
    os.chown(folder, NOBODY, NOBODY)
    assert as_nobody(lambda: outcome(folder / "s")) == "pid True"
    assert (folder / "s" / "postgres" / "data").stat().st_uid == NOBODY


def test_an_ordinary_user_is_told_whose_folder_it_is(folder: Path, stopped: Path, as_root: None) -> None:
    assert as_nobody(lambda: outcome(folder / "s")) in ("not_owner", "not_writable")


def test_an_ordinary_user_without_rights_is_told(folder: Path, as_root: None) -> None:
    assert as_nobody(lambda: outcome(folder / "s")) == "not_writable"


@pytest.mark.parametrize(
    ("lang", "start"),
    [("zh_CN.UTF-8", "缺少 PostgreSQL"), ("en_US.UTF-8", "The PostgreSQL programs"), ("", "The")],
)
def test_troubles_speak_the_readers_language(lang: str, start: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", lang)
    monkeypatch.setattr(places.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(postgres.PostgresTrouble) as caught:
        places.installed_programs()
    assert str(caught.value).startswith(start)
