# ruff: noqa
"""Friend relations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def add_contact(
    specs: Sequence[ContactSpec],
    *,
    at: datetime,
    source: str,
    origin: Origin | None = None,
    cause: Fact | None = None,
) -> list[bool]:
    """Friend relations began; True where a new period began."""
    raise NotImplementedError


def end_contact(
    specs: Sequence[ContactEndSpec],
    *,
    at: datetime,
    source: str,
    origin: Origin | None = None,
    cause: Fact | None = None,
) -> list[bool]:
    """Friend relations ended; True where an open period was closed."""
    raise NotImplementedError
