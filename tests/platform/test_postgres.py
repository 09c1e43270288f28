"""The embedded PostgreSQL: started once, given back when nobody needs it, recovered when killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from siyu.foundation.postgres import api as postgres
from siyu.foundation.postgres import locks, places

START = """
import sys, time
from pathlib import Path
from siyu.foundation.postgres import api
info = api.ensure_running(Path(sys.argv[1]))
print(info.pid, int(info.started_now), flush=True)
time.sleep(float(sys.argv[2]))
"""


def starter(state: Path, seconds: float) -> subprocess.Popen[str]:
    """Another process that needs the server for so long."""
    return subprocess.Popen(
        [sys.executable, "-c", START, str(state), str(seconds)], stdout=subprocess.PIPE, text=True
    )


def first_line(process: subprocess.Popen[str]) -> tuple[int, bool]:
    assert process.stdout is not None
    pid, started = process.stdout.readline().split()
    return int(pid), started == "1"


def wait_for(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def query(info: postgres.ServerInfo, text: str, database: str = "postgres") -> list[tuple[object, ...]]:
    with psycopg.connect(info.dsn(database), autocommit=True) as connection:
        cursor = connection.execute(text)
        return cursor.fetchall() if cursor.description else []


def test_starts_with_safe_settings_on_a_socket_only(state: Path) -> None:
    assert postgres.status(state).state is postgres.State.ABSENT
    info = postgres.ensure_running(state)
    assert info.started_now
    names = (
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "listen_addresses",
        "data_checksums",
        "TimeZone",
    )
    found = dict(query(info, f"SELECT name, setting FROM pg_settings WHERE name IN {names}"))
    assert found == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "",
        "data_checksums": "on",
        "TimeZone": "UTC",
    }
    assert query(info, "SELECT inet_server_addr()") == [(None,)]
    assert Path(info.host).stat().st_mode & 0o777 == 0o700
    again = postgres.ensure_running(state)
    assert (again.pid, again.started_now) == (info.pid, False)
    assert postgres.status(state).state is postgres.State.RUNNING
    assert postgres.stop(state)
    assert not postgres.stop(state)
    assert postgres.status(state).state is postgres.State.STOPPED
    assert not alive(info.pid)


def test_the_profile_of_tests_does_not_sync(state: Path) -> None:
    info = postgres.ensure_running(state, profile=postgres.Profile.TESTS)
    assert query(info, "SHOW fsync") == [("off",)]


def test_databases_are_made_once_and_named_plainly(state: Path) -> None:
    postgres.ensure_running(state, profile=postgres.Profile.TESTS)
    assert postgres.create_database(state, "siyu_main")
    assert not postgres.create_database(state, "siyu_main")
    assert postgres.databases(state) == ["siyu_main"]
    with pytest.raises(ValueError, match="not a database name"):
        postgres.create_database(state, 'x"; DROP DATABASE siyu_main')
    postgres.drop_database(state, "siyu_main")
    assert postgres.databases(state) == []


def test_many_starters_at_once_make_one_server(state: Path) -> None:
    processes = [starter(state, 2) for _ in range(5)]
    found = [first_line(process) for process in processes]
    for process in processes:
        process.wait()
    assert len({pid for pid, _ in found}) == 1
    assert sum(started for _, started in found) == 1


def test_a_server_killed_with_9_is_recovered_with_all_that_was_committed(state: Path) -> None:
    info = postgres.ensure_running(state)
    query(info, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    shm = (places.places(state).data / "postmaster.pid").read_text().splitlines()[6].split()[1]
    assert shm in shared_memory()
    os.kill(info.pid, signal.SIGKILL)
    again = postgres.ensure_running(state)
    assert again.pid != info.pid
    assert query(again, "SELECT count(*), sum(n) FROM kept") == [(1000, 500500)]
    assert postgres.stop(state)
    assert shm not in shared_memory(), "shared memory of the killed server was left behind"


def shared_memory() -> set[str]:
    return {line.split()[1] for line in Path("/proc/sysvipc/shm").read_text().splitlines()[1:]}


def test_an_owner_killed_with_9_leaves_no_server(state: Path) -> None:
    owner = starter(state, 60)
    pid, _ = first_line(owner)
    owner.kill()
    owner.wait()
    wait_for(lambda: not alive(pid))
    wait_for(lambda: not locks.is_held(places.places(state).base, "guard"))


def test_the_server_stays_while_one_of_two_users_does(state: Path) -> None:
    first, second = starter(state, 60), starter(state, 60)
    (pid, _), (same, _) = first_line(first), first_line(second)
    assert pid == same
    first.kill()
    first.wait()
    time.sleep(0.5)
    assert alive(pid)
    second.kill()
    second.wait()
    wait_for(lambda: not alive(pid))


def test_a_killed_guard_is_replaced_by_the_next_user(state: Path) -> None:
    info = postgres.ensure_running(state)
    base = places.places(state).base
    wait_for(lambda: len(guards(base)) == 1)
    os.kill(guards(base)[0], signal.SIGKILL)
    wait_for(lambda: not locks.is_held(base, "guard"))
    postgres.ensure_running(state)
    assert locks.is_held(base, "guard")
    postgres.release(state)
    wait_for(lambda: not alive(info.pid))


def guards(base: Path) -> list[int]:
    return [int(process.name) for process in Path("/proc").glob("[0-9]*") if is_guard(process, base)]


def is_guard(process: Path, base: Path) -> bool:
    try:
        command = (process / "cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return b"siyu.foundation.postgres.guard" in command and os.fsencode(base) in command


def test_a_noted_process_number_that_is_another_program_now_does_not_matter(state: Path) -> None:
    postgres.ensure_running(state)
    note = places.places(state).data / "postmaster.pid"
    text = note.read_text()
    postgres.stop(state)
    note.write_text(f"{os.getppid()}\n" + text.partition("\n")[2])
    info = postgres.ensure_running(state)
    assert query(info, "SELECT 1") == [(1,)]
    assert alive(os.getppid())


def test_a_set_up_cut_short_is_begun_anew(state: Path) -> None:
    part = state / "postgres" / "data.part"
    part.mkdir(parents=True)
    (part / "PG_VERSION").write_text("18\n")
    info = postgres.ensure_running(state)
    assert query(info, "SELECT 1") == [(1,)]
    assert not part.exists()


def test_a_path_too_long_for_a_socket_gets_a_short_one(folder: Path) -> None:
    state = folder / ("long" * 30)
    try:
        info = postgres.ensure_running(state)
        assert query(info, "SELECT 1") == [(1,)]
        assert len(info.host) < 60
        assert postgres.connection_settings(state)["HOST"] == info.host
    finally:
        postgres.stop(state)
        places.places(state).sockets.rmdir()


def test_local_settings_are_read_last(state: Path) -> None:
    postgres.ensure_running(state)
    postgres.stop(state)
    (places.places(state).data / "local.conf").write_text("work_mem = '7MB'\n")
    (places.places(state).data / "local.conf").chmod(0o644)
    assert query(postgres.ensure_running(state), "SHOW work_mem") == [("7MB",)]
