"""What merge, undo, export and erasure do to the cards."""

from __future__ import annotations

from siyu.records.customers import api as customers

_SUBSCRIBES = customers.MergeRule.SUBSCRIBES
_DERIVED = "copied from records, which export it themselves"


def declare() -> None:
    """Declare the tables of this module."""
    for model, table in (("Card", "insights_cards_card"), ("CardSearch", "insights_cards_cardsearch")):
        customers.PERSONAL.declare(
            f"insights_cards.{model}",
            customers.DataPolicy(
                _SUBSCRIBES, _SUBSCRIBES, customers.not_exported(_DERIVED), customers.delete_rows(table)
            ),
        )
