"""Registers beside the database: lines that must outlive it, such as who was erased.

A restored backup knows nothing of what was done after it was taken; a register in the data folder does.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings


def register_path(name: str) -> Path:
    """The file of a register; brands that share a data folder have each their own, in a folder of their name."""
    folder = Path(settings.SIYU_DATA_DIR) / "registers"
    return (
        folder / f"{name}.jsonl"
        if settings.SIYU_BRAND == "main"
        else folder / settings.SIYU_BRAND / f"{name}.jsonl"
    )


def append_register(name: str, lines: Sequence[Mapping[str, Any]]) -> None:
    """Add lines, on disk when this returns; the same line may come twice."""
    path = register_path(name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    body = "".join(json.dumps(line, ensure_ascii=False, default=str) + "\n" for line in lines)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(body)
        file.flush()
        os.fsync(file.fileno())


def read_register(name: str) -> list[dict[str, Any]]:
    """All lines, oldest first; a last line that was cut off by a crash is left out."""
    path = register_path(name)
    if not path.exists():
        return []
    found = []
    for line in path.read_text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return found
