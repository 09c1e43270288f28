# ruff: noqa
"""One customer whole; the few fields of many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.customers.contracts import *  # noqa
from siyu.records.staff.contracts import Scope


def get_customer(customer_id: int, *, scope: Scope) -> CustomerView:
    """One customer; NotFound when unknown or out of scope. A merged id answers with the kept customer."""
    raise NotImplementedError


def find_customer(ref: IdentityRef, *, scope: Scope) -> int | None:
    """The customer of an identity within scope."""
    raise NotImplementedError


def profiles(customer_ids: Iterable[int]) -> dict[int, ProfileView]:
    """The few fields lists copy."""
    raise NotImplementedError
