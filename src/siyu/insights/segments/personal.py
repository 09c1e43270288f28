"""What merge, undo, export and erasure do to members and next flips."""

from __future__ import annotations

from siyu.insights.cards import api as cards
from siyu.records.customers import api as customers

_SUBSCRIBES = customers.MergeRule.SUBSCRIBES
_COLUMNS = ("segment_id", "valid_from", "valid_to", "known_from", "known_to")


def declare() -> None:
    """Declare the tables of this module."""
    customers.PERSONAL.declare(
        "insights_segments.Membership",
        customers.DataPolicy(
            _SUBSCRIBES,
            _SUBSCRIBES,
            customers.export_rows("insights_segments_membership", *_COLUMNS),
            cards.erase_rows("insights_segments_membership"),
        ),
    )
    customers.PERSONAL.declare(
        "insights_segments.NextFlip",
        customers.DataPolicy(
            _SUBSCRIBES,
            _SUBSCRIBES,
            customers.not_exported("a timer without content"),
            cards.erase_rows("insights_segments_nextflip"),
        ),
    )
