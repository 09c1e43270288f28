"""Registrations of the API."""

from __future__ import annotations

from siyu.records.customers import api as customers


def wire() -> None:
    """Declare personal data: a kept answer tells name and masked phone, and is forgotten with the person."""
    customers.PERSONAL.declare(
        "interfaces_api.IdempotentCall",
        customers.DataPolicy(
            customers.MergeRule.STAYS,
            customers.MergeRule.STAYS,
            customers.not_exported("copies of records, which export them themselves"),
            customers.delete_rows("interfaces_api_idempotentcall"),
        ),
    )
