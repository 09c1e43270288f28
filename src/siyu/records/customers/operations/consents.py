# ruff: noqa
"""Consent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def set_consent(
    customer_id: int,
    channel: str,
    purpose: str,
    granted: bool,
    *,
    at: datetime,
    evidence: str,
    origin: Origin | None = None,
) -> bool:
    """Note what a customer said; False when it was known already."""
    raise NotImplementedError


def set_consents(specs: Sequence[ConsentSpec], *, at: datetime, origin: Origin | None = None) -> list[bool]:
    """The same for many."""
    raise NotImplementedError
