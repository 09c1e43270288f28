"""What merge, undo, export and erasure do to hold-out assignments."""

from __future__ import annotations

from siyu.records.customers.api import PERSONAL, DataPolicy, MergeRule, export_rows, keep_rows


def declare() -> None:
    """An arm is a record of what was done; it stays with the customer it was drawn for."""
    PERSONAL.declare(
        "records_goals.HoldoutAssignment",
        DataPolicy(
            merge=MergeRule.STAYS,
            undo=MergeRule.STAYS,
            export=export_rows("records_goals_holdoutassignment", "scope_key", "arm", "at"),
            erase=keep_rows("opaque ids; experiments must stay countable"),
        ),
    )
