# ruff: noqa
"""Scope as SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def scope_sql(scope: Scope, column: str = "customer_id") -> tuple[str, list[object]]:
    """A condition on ``column`` and its parameters."""
    raise NotImplementedError


def in_scope(customer_ids: Iterable[int], scope: Scope) -> set[int]:
    """Those of the ids that the scope covers."""
    raise NotImplementedError
