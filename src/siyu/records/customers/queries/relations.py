# ruff: noqa
"""Contacts, tags, stewards, consent of many customers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def contacts_of(customer_ids: Iterable[int], *, open_only: bool = True) -> dict[int, list[ContactView]]:
    """Friend relations by customer."""
    raise NotImplementedError


def stewards_of(customer_ids: Iterable[int]) -> dict[int, Steward]:
    """The 专属导购 in force."""
    raise NotImplementedError


def tags_of(customer_ids: Iterable[int]) -> dict[int, list[str]]:
    """Tag names by customer."""
    raise NotImplementedError


def list_tags() -> list[tuple[str, int]]:
    """All tags with how many customers carry them."""
    raise NotImplementedError


def reach(pairs: Sequence[tuple[int, int | None]], *, channel: str, purpose: str) -> list[Reach]:
    """What policy must know about each (customer, employee)."""
    raise NotImplementedError
