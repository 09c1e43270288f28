"""Read hold-outs."""

from __future__ import annotations

from collections.abc import Iterable

from siyu.foundation import api as foundation
from siyu.records.goals.contracts import Arm, HoldoutCounts


def arms_of(scope_key: str, customer_ids: Iterable[int]) -> dict[int, Arm]:
    """Stored arms; customers without one are absent."""
    rows = foundation.fetch(
        "SELECT customer_id, arm FROM records_goals_holdoutassignment"
        " WHERE scope_key = %s AND customer_id = ANY(%s) ORDER BY customer_id",
        [scope_key, sorted(set(customer_ids))],
    )
    return {customer: Arm(arm) for customer, arm in rows}


def holdout_counts(scope_key: str) -> HoldoutCounts:
    """People per arm of one hold-out."""
    counts = dict(
        foundation.fetch(
            "SELECT arm, count(*) FROM records_goals_holdoutassignment WHERE scope_key = %s GROUP BY arm",
            [scope_key],
        )
    )
    return HoldoutCounts(
        scope_key,
        treated=counts.get(Arm.TREATED.value, 0),
        holdout=counts.get(Arm.HOLDOUT.value, 0),
        no_holdout=counts.get(Arm.NO_HOLDOUT.value, 0),
    )
