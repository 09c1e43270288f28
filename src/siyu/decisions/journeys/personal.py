"""What merge, undo, export and erasure do to journeys' tables."""

from __future__ import annotations

from siyu.records.customers import api as customers


def declare() -> None:
    """Declare the tables of this module."""
    customers.PERSONAL.declare(
        "decisions_journeys.Enrolment",
        customers.DataPolicy(
            merge=customers.MergeRule.SUBSCRIBES,
            undo=customers.MergeRule.SUBSCRIBES,
            export=customers.export_rows(
                "decisions_journeys_enrolment", "journey_id", "state", "entered_at", "ended_at", "end_reason"
            ),
            erase=customers.blank_columns("decisions_journeys_enrolment", {"context": "{}"}),
        ),
    )
    customers.PERSONAL.declare(
        "decisions_journeys.Skip",
        customers.DataPolicy(
            merge=customers.MergeRule.STAYS,
            undo=customers.MergeRule.STAYS,
            export=customers.export_rows("decisions_journeys_skip", "journey_id", "reason", "at"),
            erase=customers.keep_rows("holds opaque ids only"),
        ),
    )
