"""Python, its packages, the front-end files, the compiled messages."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from siyu.config.cli_language import _
from siyu.foundation.postgres import api as postgres

from .contracts import Finding, good, note, wrong

OLDEST = (3, 11)
_PIN = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)(?:\s*;\s*(.+?))?\s*\\?$")


def look(root: Path | None = None) -> Iterator[Finding]:
    """Every finding about the programs themselves; ``root`` is the checkout."""
    yield python_version(sys.version_info[:2])
    top = root or postgres.checkout()
    if top is None:
        yield note(_("siyu is not run from a checkout: packages and front-end files are not compared."))
        return
    yield packages(top / "requirements" / "base.txt")
    yield front_end(top)
    yield messages(top / "src")


def python_version(version: tuple[int, int]) -> Finding:
    """Python must be 3.11 or newer."""
    name = ".".join(map(str, version))
    if version < OLDEST:
        return wrong(
            _("Python is %(version)s; 3.11 or newer is needed.") % {"version": name}, "make setup PYTHON=…"
        )
    return good(f"Python {name}")


def packages(lock: Path) -> Finding:
    """What is installed must be what the lock file names."""
    if not lock.exists():
        return wrong(_("%(file)s is missing.") % {"file": lock}, "git checkout requirements")
    drift = []
    for line in lock.read_text().splitlines():
        pin = _PIN.match(line)
        if pin is None or pin[3]:  # with a marker: it may rightly be absent here
            continue
        try:
            found = metadata.version(pin[1])
        except metadata.PackageNotFoundError:
            found = _("missing")
        if found != pin[2]:
            drift.append(f"{pin[1]} {found} ≠ {pin[2]}")
    if drift:
        some = ", ".join(drift[:5]) + ("…" if len(drift) > 5 else "")
        return wrong(
            _("Python packages differ from requirements/base.txt: %(some)s") % {"some": some}, "make setup"
        )
    return good(_("Python packages are those of requirements/base.txt"))


def front_end(root: Path) -> Finding:
    """Each package of package.json, in the version asked for."""
    asked: dict[str, str] = json.loads((root / "package.json").read_text())["dependencies"]
    off = []
    for name, version in asked.items():
        about = root / "node_modules" / name / "package.json"
        try:
            found = json.loads(about.read_text())["version"]
        except (OSError, ValueError, KeyError):
            found = _("missing")
        if found != version:
            off.append(f"{name} {found} ≠ {version}")
    if off:
        return wrong(_("Front-end files are not as asked: %(some)s") % {"some": ", ".join(off)}, "make setup")
    return good(_("Front-end files are complete"))


def messages(source: Path) -> Finding:
    """Each translation compiled, and not older than its text."""
    stale = [
        str(po.relative_to(source))
        for po in sorted(source.rglob("locale/*/LC_MESSAGES/*.po"))
        if not po.with_suffix(".mo").exists() or po.with_suffix(".mo").stat().st_mtime < po.stat().st_mtime
    ]
    if stale:
        text = _("%(count)d translations are not compiled, such as %(first)s: pages would be partly English.")
        return wrong(text % {"count": len(stale), "first": stale[0]}, "make messages")
    return good(_("Translations are compiled"))
