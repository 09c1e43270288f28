"""Register the rules about messages."""

from __future__ import annotations

from siyu.records.policy.queries import RULES
from siyu.records.policy.rules import MESSAGE_RULES


def wire() -> None:
    """Fill the registry of rules, in the order in which they are asked."""
    for rule in MESSAGE_RULES:
        RULES.register(rule.name, rule)
