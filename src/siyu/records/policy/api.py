"""The front door of policy."""

from siyu.records.policy.contracts import (
    Action,
    Consent,
    Decision,
    Denial,
    Limits,
    MessageKind,
    PolicyInput,
    Relation,
    Rule,
)
from siyu.records.policy.queries import RULES, current_limits, decide, decide_many

__all__ = [
    "RULES",
    "Action",
    "Consent",
    "Decision",
    "Denial",
    "Limits",
    "MessageKind",
    "PolicyInput",
    "Relation",
    "Rule",
    "current_limits",
    "decide",
    "decide_many",
]
