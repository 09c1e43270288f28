"""The place of all state: rights, room, key; and the port."""

from __future__ import annotations

import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from siyu.config.cli_language import _
from siyu.config.supervisor.ports import holder, is_free

from .contracts import Finding, good, note, wrong

LITTLE_ROOM = 2 * 2**30
KEY_BYTES = 32


def look(data: Path, port: int) -> Iterator[Finding]:
    """Every finding about the data folder and the port."""
    yield folder(data)
    yield room(data)
    yield from key(data / "keys" / "installation.key")
    yield port_state(port)


def folder(data: Path) -> Finding:
    """It must be there, ours, and writable."""
    if not data.exists():
        return note(_("%(place)s does not exist yet: nothing has been set up.") % {"place": data}, "siyu up")
    if not data.is_dir():
        return wrong(_("%(place)s is not a folder.") % {"place": data}, _("Set SIYU_DATA_DIR to a folder."))
    if not os.access(data, os.R_OK | os.W_OK | os.X_OK):
        return wrong(
            _("This user may not write to %(place)s.") % {"place": data}, f"chown -R $(id -un) {data}"
        )
    owner = data.stat().st_uid
    if os.geteuid() not in (0, owner):
        text = _("%(place)s belongs to user number %(owner)d, not to this user.")
        return wrong(text % {"place": data, "owner": owner}, f"chown -R $(id -un) {data}")
    return good(_("State is in %(place)s") % {"place": data})


def room(data: Path) -> Finding:
    """Free space on its disk."""
    place = data
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    text = _("%(free).1f GB free on the disk of %(place)s") % {"free": free / 2**30, "place": place}
    if free < LITTLE_ROOM:
        return wrong(
            text, _("Make room, or move SIYU_DATA_DIR to another disk; PostgreSQL stops when it is full.")
        )
    return good(text)


def key(file: Path) -> Iterator[Finding]:
    """The installation key: without it nothing sealed can be read again."""
    if not file.exists():
        if (file.parent.parent / "postgres").exists():
            text = _("The installation key %(file)s is missing: stored secrets and files cannot be read.")
            yield wrong(
                text % {"file": file}, _("Put the key file back from your backup before starting siyu.")
            )
        return
    try:
        mode = file.stat().st_mode & 0o777
        size = len(file.read_bytes())
    except PermissionError:
        yield wrong(_("This user may not read the key %(file)s.") % {"file": file}, f"chown $(id -un) {file}")
        return
    if size != KEY_BYTES:
        yield wrong(_("The key %(file)s is damaged.") % {"file": file}, _("Put it back from your backup."))
    elif mode & 0o077:
        text = _("Others may read the key %(file)s (mode %(mode)o).")
        yield wrong(text % {"file": file, "mode": mode}, f"chmod 600 {file}")
    else:
        yield good(_("The installation key is there and private; keep a copy of it with your backups"))


def port_state(port: int) -> Finding:
    """Free, held by a running siyu, or by something else."""
    if is_free("127.0.0.1", port):
        return good(_("Port %(port)d is free") % {"port": port})
    try:
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with direct.open(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
            ours = answer.status == 200 and b'"status"' in answer.read(200)
    except (OSError, urllib.error.URLError, ValueError):
        ours = False
    if ours:
        return good(_("siyu answers on port %(port)d") % {"port": port})
    text = _("Port %(port)d is in use (%(holder)s).")
    mend = _("siyu up picks the next free port; for a fixed one: siyu up --port N")
    return note(text % {"port": port, "holder": holder(port) or _("another process")}, mend)
