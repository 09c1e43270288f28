# ruff: noqa
"""Export and erase one person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def export_customer(
    customer_id: int, *, scope: Scope, at: datetime, by: Principal
) -> dict[str, list[dict[str, object]]]:
    """Everything every module keeps about a person, by model label."""
    raise NotImplementedError


def erase_customer(customer_id: int, *, scope: Scope, at: datetime, by: Principal) -> ErasureReceipt:
    """Erase a person."""
    raise NotImplementedError
