"""What merge, undo, export and erasure do to orders."""

from __future__ import annotations

from siyu.records.customers import api as customers


def declare() -> None:
    """Orders stay for the accounts; who bought is an opaque id, and the masked name is blanked."""
    customers.PERSONAL.declare(
        "records_commerce.Order",
        customers.DataPolicy(
            merge=customers.MergeRule.SUBSCRIBES,
            undo=customers.MergeRule.SUBSCRIBES,
            export=customers.export_rows(
                "records_commerce_order", "source", "order_no", "paid_at", "currency", "amount", "refunded_amount",
                "buyer_hint", by="subject_id",
            ),
            erase=customers.blank_columns("records_commerce_order", {"buyer_hint": ""}, by="subject_id"),
        ),
    )  # fmt: skip
