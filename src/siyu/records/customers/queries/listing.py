"""Customers in bulk, for derived tables that are rebuilt: ids in chunks, and the map as SQL."""

from __future__ import annotations

from siyu.foundation import api as foundation

SUBJECT_MAP = "(SELECT subject_id, customer_id FROM records_customers_subjectmap WHERE valid_to IS NULL)"
"""Subject → customer in force, as a relation for set-based reads of higher modules."""


def customer_ids(*, after: int = 0, limit: int = 2_000) -> list[int]:
    """Ids of customers in force (not merged away), ascending, those above ``after``."""
    return [
        row[0]
        for row in foundation.fetch(
            "SELECT id FROM records_customers_customer WHERE id > %s AND root_id = id ORDER BY id LIMIT %s",
            [after, limit],
        )
    ]
