"""Start, stop and resume imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path

from siyu.connectors.commerce.contracts import ImportStatus
from siyu.foundation import api as foundation


def upload(chunks: Iterable[bytes], name: str, *, at: datetime) -> int:
    """Store an order file, encrypted and expiring; returns its file id.

    Raises BadInput("file.empty" | "file.too_large") with the limit in MB; nothing is kept then.
    """
    raise NotImplementedError


def start_import(
    file_id: int,
    *,
    preset: str,
    by: foundation.Principal,
    at: datetime,
    mapping: Mapping[str, str] | None = None,
    data_set: str | None = None,
    shift_days: int | None = None,
) -> int:
    """Check the head of the file and enqueue the import; returns its id.

    ``mapping`` (field → column) overrides the preset's; ``data_set`` names where the rows come from
    (default: the preset) and is part of every row's key; ``shift_days`` moves all dates (None: as the
    preset says). Raises BadInput for a file that cannot be read or lacks columns.
    """
    raise NotImplementedError


def stop_import(import_id: int, *, by: foundation.Principal, at: datetime) -> None:
    """Stop after the running chunk; what was written stays and is not repeated by a resume."""
    raise NotImplementedError


def resume_import(import_id: int, *, by: foundation.Principal, at: datetime) -> None:
    """Go on where a stopped or failed import ended."""
    raise NotImplementedError


def import_file_cli(
    path: Path,
    preset: str,
    *,
    at: datetime,
    mapping: Mapping[str, str] | None = None,
    data_set: str | None = None,
    shift_days: int | None = None,
    progress: Callable[[ImportStatus], None] | None = None,
) -> ImportStatus:
    """Import a file from disk in this process, chunk by chunk; ``progress`` hears after each chunk."""
    raise NotImplementedError


def cdnow_path() -> Path:
    """Where the CDNOW history lies: in the installed ``lifetimes`` package, found without importing it.

    Raises NotFound with what to install when it is missing.
    """
    raise NotImplementedError
