"""Start, stop and look at the server.

The server is nobody's child: whoever needs it first starts it, and everybody who uses it holds the ``users``
lock. A small guard process waits for that lock; when the last user has gone, by whatever way, it stops the
server. So nothing is left running after kill -9, and a killed server is simply started again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import psycopg

from . import cluster, locks, places, troubles
from .contracts import MAJOR, PORT, USER, PostgresTrouble, Profile, ServerInfo, State, Status
from .halting import halt

# Recovery after a crash may take minutes; a server that is still working on it is not given up.
START_SECONDS = 300.0
LOCK_SECONDS = 120.0
# Larger than any process number (2**22): PostgreSQL then knows at once that the noted process is gone.
NO_SUCH_PROCESS = 4194305

_leases: dict[Path, int] = {}
_started: set[int] = set()


def ensure_running(data_dir: Path, *, profile: Profile = Profile.SHIPPED) -> ServerInfo:
    """Start the server if it is not running and hold it for this process's life; raise PostgresTrouble."""
    where = places.places(data_dir)
    cluster.prepare(where)
    _hold(where)
    _reap()
    try:
        pid = answering(where)
        if pid and locks.is_held(where.base, "guard"):
            return _info(where, pid, started=False)
        with locks.held(where.base, "start", LOCK_SECONDS):
            pid = answering(where)
            started = pid is None
            if pid is None:
                pid = _start(where, profile)
            _ensure_guard(where)
        return _info(where, pid, started=started)
    except BaseException:
        release(data_dir)
        raise


def _reap() -> None:
    """Let go of servers and guards this process started that have ended since."""
    for pid in list(_started):
        try:
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                _started.discard(pid)
        except ChildProcessError:  # started before a fork, by the parent
            _started.discard(pid)


def _info(where: places.Places, pid: int, *, started: bool) -> ServerInfo:
    return ServerInfo(str(where.sockets), PORT, USER, pid, started)


def _hold(where: places.Places) -> None:
    """Count this process among the users; wait while the guard is stopping the server."""
    if where.base in _leases:
        return
    fd = locks.open_lock(where.base, "users")
    try:
        locks.wait_lock(fd, where.base, LOCK_SECONDS, shared=True)
    except BaseException:
        os.close(fd)
        raise
    _leases[where.base] = fd


def release(data_dir: Path, *, wait: float = 0) -> None:
    """This process no longer needs the server; the last one's leaving stops it, which is waited for so long."""
    base = places.places(data_dir).base
    fd = _leases.pop(base, None)
    if fd is None:
        return
    os.close(fd)
    end = time.monotonic() + wait
    while time.monotonic() < end and locks.is_held(base, "alive"):
        time.sleep(0.05)
        if _others_use(base):
            return


def _others_use(base: Path) -> bool:
    """Whether somebody shares the ``users`` lock; the guard, while it stops the server, has it alone."""
    fd = locks.open_lock(base, "users")
    try:
        return not locks.try_lock(fd) and locks.try_lock(fd, shared=True)
    finally:
        os.close(fd)


def is_alive(data_dir: Path) -> bool:
    """Whether a server of this folder lives; costs next to nothing."""
    return locks.is_held(places.places(data_dir).base, "alive")


def noted_pid(where: places.Places) -> int | None:
    """The process number in postmaster.pid, if there is one."""
    try:
        first = (where.data / "postmaster.pid").read_text().split("\n", 1)[0]
        return int(first)
    except (OSError, ValueError):
        return None


def answering(where: places.Places) -> int | None:
    """The process number of a server of this folder that answers on its socket."""
    if not (where.sockets / f".s.PGSQL.{PORT}").exists() or not locks.is_held(where.base, "alive"):
        return None
    try:
        connect(where, "postgres", seconds=2).close()
    except psycopg.OperationalError:
        return None
    return noted_pid(where)


def connect(where: places.Places, database: str, seconds: int = 10) -> psycopg.Connection:
    """Connect as the owner, each statement its own transaction."""
    return psycopg.connect(
        host=str(where.sockets),
        port=PORT,
        user=USER,
        dbname=database,
        autocommit=True,
        connect_timeout=seconds,
    )


def _start(where: places.Places, profile: Profile) -> int:
    """Start the server; the ``start`` lock is held. Set up the data folder if there is none."""
    alive = locks.open_lock(where.base, "alive")
    try:
        # After kill -9 of the server its children need a moment to notice; nothing is touched before.
        locks.wait_lock(alive, where.base, 30)
        if not where.data.exists():
            cluster.create(where, profile)
        cluster.check(where)
        cluster.write_settings(where, profile, where.data)
        _disown_stale_files(where)
        process = _launch(where, alive)
    finally:
        os.close(alive)
    return _await_ready(where, process)


def _disown_stale_files(where: places.Places) -> None:
    """Nobody holds ``alive``, so postmaster.pid is stale; its number may by now be another program's.

    The file stays, because PostgreSQL reads from it which shared memory of the dead server to give back.
    The socket and its lock file go: the number in there may be another program's too, or a dead child's that
    its parent has not looked after.
    """
    file = where.data / "postmaster.pid"
    try:
        for stale in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (where.sockets / stale).unlink(missing_ok=True)
        if file.exists():
            rest = file.read_text().partition("\n")[2]
            file.write_text(f"{NO_SUCH_PROCESS}\n{rest}")
    except OSError as error:
        raise troubles.from_os_error(file, error) from error


def _launch(where: places.Places, alive: int) -> subprocess.Popen[bytes]:
    """Start the server's first process, free of us: own session, own log, inheriting the ``alive`` lock."""
    command = [str(places.programs(where.run_as) / "postgres"), "-D", str(where.data)]
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    try:
        with where.start_log.open("wb") as log:
            process: subprocess.Popen[bytes] = subprocess.Popen(
                command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, pass_fds=(alive,),
                **cluster.run_as_arguments(where),
            )  # fmt: skip
    except PermissionError as error:
        if error.filename == str(where.start_log):
            raise troubles.from_os_error(where.base, error) from error
        raise troubles.no_plain_user(str(error)) from error
    except OSError as error:
        raise troubles.from_os_error(where.base, error) from error
    return process


def _await_ready(where: places.Places, process: subprocess.Popen[bytes]) -> int:
    """Wait until the server answers; explain its end if it ends first."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            raise troubles.from_log(where.data, where.start_log, last_words(where))
        if answering(where) == process.pid:
            _leave_alone(process)
            return process.pid
        time.sleep(0.02)
    process.terminate()
    raise troubles.will_not_start(where.start_log, last_words(where))


def _leave_alone(process: subprocess.Popen[bytes]) -> None:
    """It outlives us on purpose: keep Popen from warning about it, but reap it should it end before us."""
    _started.add(process.pid)
    process.returncode = 0


def last_words(where: places.Places) -> str:
    """The end of the start log and of the newest log of the server itself."""
    files = [where.start_log]
    try:
        logs = sorted((where.data / "log").glob("*.log"), key=lambda file: file.stat().st_mtime)
        files += [file for file in logs[-1:] if file.stat().st_mtime >= where.start_log.stat().st_ctime - 1]
        return "".join(file.read_text(errors="replace")[-4000:] for file in files)
    except OSError as error:
        return str(error)


def _ensure_guard(where: places.Places) -> None:
    """Start the guard if there is none; it inherits its lock, so there is never a second."""
    fd = locks.open_lock(where.base, "guard")
    try:
        if not locks.try_lock(fd):
            return
        package_root = str(Path(__file__).resolve().parents[3])
        guard = subprocess.Popen(
            [sys.executable, "-m", "siyu.foundation.postgres.guard", str(where.base), str(fd)],
            cwd="/", env={"PYTHONPATH": package_root, "PATH": "/usr/bin:/bin"}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(fd,),
        )  # fmt: skip
        _leave_alone(guard)
    finally:
        os.close(fd)


def stop(data_dir: Path) -> bool:
    """Stop the server now, whoever uses it; True if one was running."""
    where = places.places(data_dir)
    release(data_dir)
    if not where.base.exists():
        return False
    with locks.held(where.base, "start", LOCK_SECONDS):
        stopped = halt(where.base, where.data)
    # If that was the last user the guard leaves too; wait for it, so that the folder may be removed at once.
    end = time.monotonic() + 1
    while locks.is_held(where.base, "guard") and time.monotonic() < end:
        time.sleep(0.02)
    return stopped


def remove(data_dir: Path) -> None:
    """Stop the server and delete its data for good."""
    stop(data_dir)
    where = places.places(data_dir)
    for folder in (where.base, where.sockets):
        if folder.exists():
            shutil.rmtree(folder)


def status(data_dir: Path) -> Status:
    """What can be seen without starting anything."""
    where = places.places(data_dir)
    version = None
    size = 0
    state = State.ABSENT
    pid = None
    if where.data.exists():
        state = State.STOPPED
        try:
            cluster.check(where)
            version = (where.data / "PG_VERSION").read_text().strip()
            size = sum(file.stat().st_size for file in where.data.rglob("*") if file.is_file())
        except PostgresTrouble as trouble:
            state = {"other_version": State.OTHER_VERSION, "damaged": State.DAMAGED}.get(trouble.code, state)
        except OSError:
            size = 0  # files come and go while the server runs
        if state is State.STOPPED and locks.is_held(where.base, "alive"):
            pid = answering(where)
            state = State.RUNNING if pid else State.STARTING
            version = str(MAJOR)
    free = shutil.disk_usage(_existing(where.base)).free
    return Status(state, str(where.data), pid, version, size, free, str(where.start_log))


def _existing(path: Path) -> Path:
    while not path.exists():
        path = path.parent
    return path
