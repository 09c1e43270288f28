"""Find a free port, and say who holds a taken one."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path


def is_free(host: str, port: int) -> bool:
    """Whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As web servers do: connections of a server that just ended do not count as taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES, errno.EADDRNOTAVAIL):
                return False
            raise
    return True


def free_port(host: str, wanted: int, taken: set[int] | None = None) -> int:
    """The first free port from ``wanted`` on, leaving out those in ``taken``; OSError when there is none."""
    for port in range(wanted, min(wanted + 200, 65536)):
        if port not in (taken or set()) and is_free(host, port):
            return port
    raise OSError(errno.EADDRINUSE, f"no free port between {wanted} and {wanted + 199}")


def holder(port: int) -> str | None:
    """Name and number of the process that listens on the port, as far as this user may see it."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        if _open_files(process) & inodes:
            try:
                return f"{(process / 'comm').read_text().strip()}, pid {process.name}"
            except OSError:
                continue
    return None


def _open_files(process: Path) -> set[str]:
    """What the process has open; empty where this user may not look."""
    found = set()
    try:
        for fd in (process / "fd").iterdir():
            try:
                found.add(os.readlink(fd))
            except FileNotFoundError:  # closed meanwhile
                continue
    except OSError:
        return set()
    return found


def _listening_inodes(port: int) -> set[str]:
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                found.add(f"socket:[{fields[9]}]")
    return found
