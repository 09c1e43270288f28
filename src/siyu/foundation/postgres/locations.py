"""From the environment to a place for all state and to Django's database settings; computes, starts nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from . import places
from .contracts import PORT, USER

_BRAND = re.compile(r"[a-z][a-z0-9_]{0,40}")


def checkout() -> Path | None:
    """The folder of the source checkout this code runs from, if it is one."""
    top = Path(__file__).resolve().parents[4]
    return top if (top / "pyproject.toml").exists() and (top / "src" / "siyu").is_dir() else None


def data_dir(environ: Mapping[str, str] | None = None) -> Path:
    """The place of all state: ``SIYU_DATA_DIR``, else ``.siyu`` in a checkout, else the user's own share.

    Root with a home nobody else may enter keeps its state in /var/lib/siyu.
    """
    found = os.environ if environ is None else environ
    if found.get("SIYU_DATA_DIR"):
        return Path(os.path.abspath(os.path.expanduser(found["SIYU_DATA_DIR"])))
    top = checkout()
    if top:
        return top / ".siyu"
    home = Path(found.get("HOME") or os.path.expanduser("~"))
    if os.geteuid() == 0 and (not home.exists() or not home.stat().st_mode & 0o001):
        return places.SYSTEM
    return Path(found.get("XDG_DATA_HOME") or home / ".local" / "share") / "siyu"


def database_name(brand: str) -> str:
    """The brand's database in the embedded server."""
    if not _BRAND.fullmatch(brand):
        raise ValueError(f"SIYU_BRAND must be lower-case letters, digits and _: {brand!r}")
    return f"siyu_{brand}"


def connection_settings(data_dir: Path, brand: str = "main") -> dict[str, Any]:
    """Django's ``DATABASES["default"]`` for the embedded server."""
    return {
        "ENGINE": "siyu.foundation.postgres.engine",
        "NAME": database_name(brand),
        "USER": USER,
        "HOST": str(places.places(data_dir).sockets),
        "PORT": str(PORT),
    }


def settings_from_url(url: str) -> dict[str, Any]:
    """Django's ``DATABASES["default"]`` for ``postgresql://user:password@host:port/name?option=value``."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ValueError("SIYU_DATABASE_URL must read postgresql://user:password@host:port/name")
    options = dict(parse_qsl(parts.query))
    host = options.pop("host", None) or unquote(parts.hostname or "")
    settings: dict[str, Any] = {
        "ENGINE": "siyu.foundation.postgres.engine",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or options.pop("port", "")),
    }
    if options:
        settings["OPTIONS"] = options
    return settings
