"""The facts a journey may start on, wait for, or be ended by."""

from __future__ import annotations

HEARD: tuple[str, ...] = (
    "contact.added",
    "contact.ended",
    "customer.created",
    "customer.tagged",
    "customer.untagged",
    "customer.assigned",
    "consent.changed",
    "page.viewed",
    "order.paid",
    "order.refunded",
    "points.posted",
    "segment.entered",
    "segment.left",
    "stage.changed",
    "task.done",
    "delivery.sent",
    "delivery.confirmed",
    "delivery.failed",
)
