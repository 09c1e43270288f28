# ruff: noqa
"""Names and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def update_profile(
    customer_id: int,
    *,
    scope: Scope,
    at: datetime,
    by: Principal,
    name: str | None = None,
    gender: str | None = None,
    avatar: str | None = None,
) -> None:
    """A person edits a profile; too long a name is refused."""
    raise NotImplementedError


def update_profiles(
    specs: Sequence[ProfileSpec], *, at: datetime, source: str, origin: Origin | None = None
) -> int:
    """A source tells profiles; too long a name is cut. Returns how many changed."""
    raise NotImplementedError
