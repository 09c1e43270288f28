"""What merge, undo, export and erasure do to tasks."""

from __future__ import annotations

from siyu.records.customers import api as customers

TABLE = "actions_work_task"


def declare() -> None:
    """Declare the tables of this module."""
    customers.PERSONAL.declare(
        "actions_work.Task",
        customers.DataPolicy(
            merge=customers.MergeRule.SUBSCRIBES,
            undo=customers.MergeRule.SUBSCRIBES,
            export=customers.export_rows(
                TABLE, "kind", "title", "reason", "draft", "state", "result", "note", "due_at"
            ),
            erase=customers.delete_rows(TABLE),
        ),
    )
