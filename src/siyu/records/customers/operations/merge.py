# ruff: noqa
"""Merge, undo, decide cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def merge(kept_id: int, merged_id: int, *, at: datetime, by: Principal, reason: str = "") -> int:
    """Two customers are one person; returns the merge id."""
    raise NotImplementedError


def undo_merge(merge_id: int, *, at: datetime, by: Principal) -> None:
    """They were not."""
    raise NotImplementedError


def resolve_case(
    case_id: int, *, same_person: bool, at: datetime, by: Principal, kept_id: int | None = None
) -> int | None:
    """A person decides a case; returns the merge id if merged."""
    raise NotImplementedError
