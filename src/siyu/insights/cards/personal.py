"""What merge, undo, export and erasure do to the cards."""

from __future__ import annotations

from siyu.insights.cards.operations import hold_insights
from siyu.records.customers import api as customers

_SUBSCRIBES = customers.MergeRule.SUBSCRIBES
_DERIVED = "copied from records, which export it themselves"


def erase_rows(table: str) -> customers.Erase:
    """Erasure removes the person's rows, once nobody who read them before still writes: else they would come back."""
    delete = customers.delete_rows(table)

    def erase(person: customers.Person) -> int:
        hold_insights()
        return delete(person)

    return erase


def declare() -> None:
    """Declare the tables of this module."""
    for model, table in (("Card", "insights_cards_card"), ("CardSearch", "insights_cards_cardsearch")):
        customers.PERSONAL.declare(
            f"insights_cards.{model}",
            customers.DataPolicy(
                _SUBSCRIBES, _SUBSCRIBES, customers.not_exported(_DERIVED), erase_rows(table)
            ),
        )
