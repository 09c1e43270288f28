"""What the console needs of connectors, which it may not import: protocols, filled by config at start-up.

The attributes are those of the connectors' own contracts; `config.ports` registers the modules.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from siyu.foundation import api as foundation
from siyu.foundation.api import Registry
from siyu.kit.pagination import Page


class OrderImports(Protocol):
    """Reading order files: upload, look, start, watch, stop, go on, take the bad rows home."""

    def upload(self, chunks: Iterable[bytes], name: str, *, at: datetime) -> int:
        """Keep a file; BadInput for an empty or too large one."""
        ...

    def presets(self) -> Sequence[Any]:
        """Ready mappings: name, label, help."""
        ...

    def fields(self) -> Sequence[Any]:
        """Fields a column may be mapped to: name, label, required."""
        ...

    def preview(
        self,
        file_id: int,
        *,
        preset: str,
        at: datetime,
        mapping: Mapping[str, str] | None = None,
        data_set: str | None = None,
        shift_days: int | None = None,
        rows: int = 200,
    ) -> Any:
        """What an import would do, from the first rows; nothing is written."""
        ...

    def start_import(
        self,
        file_id: int,
        *,
        preset: str,
        by: foundation.Principal,
        at: datetime,
        mapping: Mapping[str, str] | None = None,
        data_set: str | None = None,
        shift_days: int | None = None,
    ) -> int:
        """Begin; returns the import's id."""
        ...

    def imports(self, *, page: int = 1, size: int = 20) -> Page[Any]:
        """All imports, newest first."""
        ...

    def import_status(self, import_id: int) -> Any:
        """Where one stands; NotFound."""
        ...

    def stop_import(self, import_id: int, *, by: foundation.Principal, at: datetime) -> None:
        """Stop after the chunk under way; what is written stays."""
        ...

    def resume_import(self, import_id: int, *, by: foundation.Principal, at: datetime) -> None:
        """Go on where it stopped."""
        ...

    def quarantine_csv(self, import_id: int) -> Iterator[str]:
        """The bad rows with their reasons."""
        ...


IMPORTS: Registry[OrderImports] = Registry("order imports")


def order_imports() -> OrderImports:
    """The order-file import of this installation."""
    return IMPORTS.get("orders")
