"""Registrations of insights/metrics."""

from __future__ import annotations

from siyu.records.customers import api as customers


def wire() -> None:
    """Declare personal data."""
    customers.PERSONAL.declare(
        "insights_metrics.Entry",
        customers.DataPolicy(
            customers.MergeRule.VIA_MAP,
            customers.MergeRule.VIA_MAP,
            customers.not_exported("counts of facts, which are exported themselves"),
            customers.keep_rows("opaque ids only; past numbers must not change"),
        ),
    )
