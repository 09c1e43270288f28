# ruff: noqa
"""Opaque scopes of a principal become units and employees."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts.api import Fact, Origin
from siyu.foundation.api import Principal
from siyu.records.staff.contracts import *  # noqa


def resolve_scope(principal: Principal, *, at: datetime) -> Scope:
    """What the principal may see at ``at``."""
    raise NotImplementedError
