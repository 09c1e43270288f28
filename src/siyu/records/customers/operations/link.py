# ruff: noqa
"""Late identification."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def link(
    groups: Sequence[Sequence[IdentityRef]], *, at: datetime, source: str, origin: Origin | None = None
) -> list[LinkResult]:
    """Each group is proven to be one person."""
    raise NotImplementedError
