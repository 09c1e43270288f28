# ruff: noqa
"""Ask."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.foundation.api import Registry
from siyu.records.policy.contracts import *  # noqa

RULES: Registry[Rule] = Registry("policy rules")


def current_limits(*, at: datetime) -> Limits:
    """Settings that rules read, as of ``at``."""
    raise NotImplementedError


def decide(action: Action, ctx: PolicyInput, *, at: datetime) -> Decision:
    """May this be done?"""
    raise NotImplementedError


def decide_many(action: Action, contexts: Sequence[PolicyInput], *, at: datetime) -> list[Decision]:
    """The same for many."""
    raise NotImplementedError
