# ruff: noqa
"""Assign hold-outs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.records.goals.contracts import *  # noqa


def assign_holdout(
    scope_key: str,
    customer_ids: Iterable[int],
    share_ppm: int,
    *,
    at: datetime,
    minimum_audience: int | None = None,
    audience: int | None = None,
) -> dict[int, Arm]:
    """Arm of each customer, stored once."""
    raise NotImplementedError
