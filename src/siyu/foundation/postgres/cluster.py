"""The data folder: made whole or not at all, and looked over before each start."""

from __future__ import annotations

import errno
import os
import pwd
import shutil
import subprocess
from pathlib import Path
from typing import Any

from . import places, rules, troubles
from .contracts import MAJOR, USER, Profile

# A new data folder takes 40 MB and its first log files 32 MB more; a start needs room for recovery.
ROOM_TO_CREATE = 256 * 2**20
ROOM_TO_START = 64 * 2**20
PARTS = ("PG_VERSION", "postgresql.conf", "global/pg_control", "base", "pg_wal")


def prepare(where: places.Places) -> None:
    """Make the folders around the data, with their owners and modes."""
    try:
        where.base.mkdir(parents=True, exist_ok=True)
        if where.run_as:
            # The server's user must pass through; everything inside has a mode of its own.
            for folder in {where.base, places.SYSTEM if places.SYSTEM in where.base.parents else where.base}:
                folder.chmod(folder.stat().st_mode | 0o711)
        if where.data_dir not in where.base.parents:
            # Whoever finds this folder later shall know whose it is.
            (where.base / "belongs-to").write_text(f"{where.data_dir}\n")
        where.sockets.mkdir(mode=0o700, exist_ok=True)
        own_socket_dir(where)
    except OSError as error:
        raise troubles.from_os_error(where.base, error) from error
    if not os.access(where.base, os.W_OK):
        raise troubles.not_writable(where.base, os.strerror(errno.EACCES))


def own_socket_dir(where: places.Places) -> None:
    """The socket folder belongs to the server's user alone: a folder of that name in /tmp may be a trap."""
    found = where.sockets.lstat()
    allowed = {os.geteuid(), where.run_as.uid if where.run_as else os.geteuid()}
    if where.sockets.is_symlink() or found.st_uid not in allowed:
        raise troubles.not_owner(where.sockets, owner_name(found.st_uid))
    where.sockets.chmod(0o700)
    if where.run_as:
        os.chown(where.sockets, where.run_as.uid, where.run_as.gid)


def owner_name(uid: int) -> str:
    """The user's name, or the number where there is none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def free_bytes(path: Path) -> int:
    """Room on the disk of the nearest existing folder."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def check(where: places.Places) -> None:
    """Raise what is wrong with existing data, before anything is touched."""
    data = where.data
    try:
        owner = data.stat().st_uid
        if os.geteuid() not in (0, owner):
            raise troubles.not_owner(data, owner_name(owner))
        if not any(data.iterdir()):
            raise troubles.damaged(data, "the folder is empty")
        for part in PARTS:
            if not (data / part).exists():
                raise troubles.damaged(data, f"{part} is missing")
        found = (data / "PG_VERSION").read_text().strip()
    except OSError as error:
        raise troubles.from_os_error(data, error) from error
    if not found.isdigit():
        raise troubles.damaged(data, "PG_VERSION is unreadable")
    if found != str(MAJOR):
        raise troubles.other_version(data, found)
    free = free_bytes(data)
    if free < ROOM_TO_START:
        raise troubles.disk_full(data, free, ROOM_TO_START)


def run_as_arguments(where: places.Places) -> dict[str, Any]:
    """What subprocess needs to run something as the server's user."""
    if where.run_as is None:
        return {}
    return {"user": where.run_as.uid, "group": where.run_as.gid, "extra_groups": []}


def create(where: places.Places, profile: Profile) -> None:
    """Make a new data folder beside its final name, and move it there only when it is complete."""
    free = free_bytes(where.base)
    if free < ROOM_TO_CREATE:
        raise troubles.disk_full(where.base, free, ROOM_TO_CREATE)
    part = where.base / "data.part"
    try:
        if part.exists():
            shutil.rmtree(part)
        part.mkdir(mode=0o700)
        if where.run_as:
            os.chown(part, where.run_as.uid, where.run_as.gid)
    except OSError as error:
        raise troubles.from_os_error(where.base, error) from error
    command = [
        str(places.programs(where.run_as) / "initdb"),
        "-D", str(part), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-instructions",
        "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C",
        *(["--no-sync", "--no-data-checksums"] if profile is Profile.TESTS else []),
    ]  # fmt: skip
    result = run(command, where)
    if result.returncode:
        shutil.rmtree(part, ignore_errors=True)
        raise troubles.from_log(where.base, where.base, result.stdout)
    with (part / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude 'siyu.conf'\n")
    write_settings(where, profile, part)
    try:
        part.rename(where.data)
    except OSError as error:
        raise troubles.from_os_error(where.base, error) from error


def run(command: list[str], where: places.Places) -> subprocess.CompletedProcess[str]:
    """Run one of the wheel's programs as the server's user, from a folder that user may enter."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    try:
        result: subprocess.CompletedProcess[str] = subprocess.run(
            command, cwd="/", env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
            **run_as_arguments(where),
        )  # fmt: skip
    except PermissionError as error:
        raise troubles.no_plain_user(str(error)) from error
    except OSError as error:
        raise troubles.binaries_missing(str(error)) from error
    return result


def write_settings(where: places.Places, profile: Profile, data: Path) -> None:
    """Write ``siyu.conf`` if it differs from what this machine and profile ask for."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        roomy = shutil.disk_usage("/dev/shm").total >= 512 * 2**20
    except OSError:
        roomy = False
    settings = rules.server_settings(
        profile, memory_bytes=memory, socket_dir=str(where.sockets), roomy_shm=roomy
    )
    text = rules.settings_file(settings)
    conf = data / "siyu.conf"
    try:
        if conf.exists() and conf.read_text() == text:
            return
        part = data / "siyu.conf.part"
        part.write_text(text)
        part.chmod(0o600)
        if where.run_as:
            os.chown(part, where.run_as.uid, where.run_as.gid)
        part.replace(conf)
    except OSError as error:
        raise troubles.from_os_error(conf, error) from error
