# ruff: noqa
"""Tags."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def tag(
    customer_ids: Iterable[int],
    tag_name: str,
    *,
    at: datetime,
    source: str,
    origin: Origin | None = None,
    cause: Fact | None = None,
) -> list[int]:
    """Put a tag on customers; returns those that did not have it."""
    raise NotImplementedError


def untag(
    customer_ids: Iterable[int],
    tag_name: str,
    *,
    at: datetime,
    source: str,
    origin: Origin | None = None,
    cause: Fact | None = None,
) -> list[int]:
    """Take a tag off; returns those that had it."""
    raise NotImplementedError
