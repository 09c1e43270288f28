# ruff: noqa
"""Read hold-outs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.records.goals.contracts import *  # noqa


def arms_of(scope_key: str, customer_ids: Iterable[int]) -> dict[int, Arm]:
    """Stored arms."""
    raise NotImplementedError


def holdout_counts(scope_key: str) -> HoldoutCounts:
    """People per arm."""
    raise NotImplementedError
