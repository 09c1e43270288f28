# ruff: noqa
"""Merges and the queue of cases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def merge_cases(*, scope: Scope, state: CaseState = CaseState.OPEN, limit: int = 100) -> list[MergeCaseView]:
    """Cases within scope, oldest first."""
    raise NotImplementedError
