# ruff: noqa
"""Who is this: references to subjects and customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def identify(
    refs: Sequence[IdentityRef], *, at: datetime, source: str, origin: Origin | None = None
) -> list[Identified]:
    """Find or make the subject (and for strong kinds the customer) of each reference, in order."""
    raise NotImplementedError
