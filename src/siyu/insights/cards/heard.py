"""Which facts the pipeline of insights hears, and which of them can change a card."""

from __future__ import annotations

# Somebody's set of subjects changed: facts recorded long ago may count for another person now.
IDENTITY_FACTS = frozenset(
    {"customer.created", "customer.identified", "customer.merged", "customer.unmerged", "customer.erased"}
)

# Anything a card copies may have changed.
REFRESHING = IDENTITY_FACTS | {
    "customer.updated",
    "customer.tagged",
    "customer.untagged",
    "customer.assigned",
    "contact.added",
    "contact.ended",
    "channel.attributed",
    "order.paid",
    "order.changed",
    "order.refunded",
    "order.claimed",
    "points.posted",
    "page.viewed",
}

# What insights itself says about people would only come back to it.
OWN = frozenset({"segment.entered", "segment.left"})
