"""What crosses the door of the order-file import: mappings, previews, status, quarantine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ImportState(StrEnum):
    """reading → writing → done; stopped may be resumed; failed says why."""

    WAITING = "waiting"
    READING = "reading"
    WRITING = "writing"
    STOPPED = "stopped"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A field of the target that a column may be mapped to."""

    name: str
    label: str
    required: bool


@dataclass(frozen=True, slots=True)
class PresetInfo:
    """A ready mapping: preset name, its label, a help sentence."""

    name: str
    label: str
    help: str


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """One of the first rows, as it would be imported; ``problem`` is empty when it is fine."""

    row_no: int
    cells: tuple[str, ...]
    parsed: Mapping[str, str]
    problem: str


@dataclass(frozen=True, slots=True)
class Preview:
    """What an import of this file would do, from its first rows; nothing is written."""

    format: str  # "csv" | "xlsx" | "text"
    encoding: str
    columns: tuple[str, ...]
    mapping: Mapping[str, str]  # field → column
    missing: tuple[str, ...]  # required fields without a column
    rows: tuple[PreviewRow, ...]
    rows_read: int
    rows_good: int
    rows_bad: int
    shift_days: int
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportStatus:
    """Where an import stands. Row counts: total = read; good + bad = total when reading is done."""

    id: int
    file_name: str
    preset: str
    data_set: str
    state: ImportState
    rows_read: int
    rows_bad: int
    rows_written: int
    orders_new: int
    orders_same: int
    orders_changed: int
    orders_rejected: int
    amount_new: int  # 分
    share: float  # 0..1
    shift_days: int
    error: str
    started_by: str
    started_at: datetime
    finished_at: datetime | None
    stopping: bool = False  # asked to stop; the chunk under way is still being written
    resumable: bool = False  # may go on where it ended

    @property
    def running(self) -> bool:
        """Somebody is working on it or soon will."""
        return self.state in (ImportState.WAITING, ImportState.READING, ImportState.WRITING)
