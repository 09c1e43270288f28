"""What merge, undo, export and erasure do to deliveries."""

from __future__ import annotations

from siyu.records.customers import api as customers

TABLE = "actions_messaging_delivery"


def declare() -> None:
    """Declare the tables of this module."""
    customers.PERSONAL.declare(
        "actions_messaging.Delivery",
        customers.DataPolicy(
            merge=customers.MergeRule.SUBSCRIBES,
            undo=customers.MergeRule.SUBSCRIBES,
            export=customers.export_rows(
                TABLE, "channel", "kind", "content", "state", "planned_at", "sent_at", "delivered_at"
            ),
            # ``ref`` stays: it names a task at the platform, and what waits for a member is withdrawn by it.
            erase=customers.blank_columns(
                TABLE, {"content": '{"text": "", "attachments": []}', "params": "{}"}
            ),
        ),
    )
