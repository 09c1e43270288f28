# ruff: noqa
"""The subject map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def customers_of(subject_ids: Iterable[int]) -> dict[int, int]:
    """Subject to current customer; unmapped subjects are absent."""
    raise NotImplementedError


def subjects_of(customer_ids: Iterable[int]) -> dict[int, list[int]]:
    """Current customer to all its subjects, ascending."""
    raise NotImplementedError


def anchors_of(customer_ids: Iterable[int]) -> dict[int, int]:
    """Customer to its first subject."""
    raise NotImplementedError


def current_ids(customer_ids: Iterable[int]) -> dict[int, int]:
    """Customer id to the id in force after merges."""
    raise NotImplementedError
