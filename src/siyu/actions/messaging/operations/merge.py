"""Deliveries follow the subject map when customers are merged or parted."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.foundation import api as foundation
from siyu.records.customers import api as customers


def follow_map(subject_ids: Sequence[int]) -> int:
    """Give the deliveries of these subjects the customer they map to now; returns how many changed."""
    pairs = customers.customers_of(subject_ids)
    return foundation.execute(
        """UPDATE actions_messaging_delivery d SET customer_id = m.customer_id
           FROM unnest(%s::bigint[], %s::bigint[]) AS m(subject_id, customer_id)
           WHERE d.subject_id = m.subject_id AND d.customer_id <> m.customer_id""",
        [list(pairs), list(pairs.values())],
    )
