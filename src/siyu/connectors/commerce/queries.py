"""Previews, progress, quarantine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from siyu.connectors.commerce.contracts import FieldInfo, ImportStatus, PresetInfo, Preview
from siyu.kit.pagination import Page


def presets() -> Sequence[PresetInfo]:
    """The ready mappings, to choose from."""
    raise NotImplementedError


def fields() -> Sequence[FieldInfo]:
    """The fields that columns can be mapped to."""
    raise NotImplementedError


def preview(
    file_id: int,
    *,
    preset: str,
    at: datetime,
    mapping: Mapping[str, str] | None = None,
    data_set: str | None = None,
    shift_days: int | None = None,
    rows: int = 200,
) -> Preview:
    """What an import would do with the first rows of a file; nothing is written.

    Raises BadInput for a file that cannot be read at all.
    """
    raise NotImplementedError


def imports(*, page: int = 1, size: int = 20) -> Page[ImportStatus]:
    """All imports, newest first."""
    raise NotImplementedError


def import_status(import_id: int) -> ImportStatus:
    """Where one import stands. Raises NotFound."""
    raise NotImplementedError


def quarantine_csv(import_id: int) -> Iterator[str]:
    """The refused rows as CSV text: row number, reason in the reader's language, the cells as they were.

    Cells a spreadsheet would run as a formula are escaped as text. Starts with a BOM for Excel.
    """
    raise NotImplementedError
