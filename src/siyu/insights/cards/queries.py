"""Reading cards: one, several, or a page of a list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.insights.cards.contracts import CardFilter, CardView, Fragment
from siyu.kit.pagination import Page
from siyu.records.staff.contracts import Scope


def list_cards(
    scope: Scope,
    filters: Sequence[CardFilter] = (),
    sort: str = "-created_at",
    page: int = 1,
    *,
    size: int = 50,
    search: str = "",
    restrict: Fragment | None = None,
    at: datetime,
) -> Page[CardView]:
    """A page of the customers in ``scope`` that pass every filter and the search.

    ``search`` is part of a name, the last four digits of a phone, or a whole phone number. ``sort`` is a
    field's name, with "-" before it for descending; ties go by customer id. ``total`` is exact up to
    100,000 and capped there. Raises BadInput for an unknown field, comparison or value.
    """
    raise NotImplementedError


def get_card(customer_id: int, *, scope: Scope) -> CardView:
    """The card of one customer; NotFound when there is none or it is out of scope."""
    raise NotImplementedError


def cards_by_id(customer_ids: Sequence[int], *, scope: Scope | None = None) -> dict[int, CardView]:
    """Cards of these customers, of those in ``scope`` where one is given."""
    raise NotImplementedError


def scope_fragment(scope: Scope) -> Fragment:
    """The scope as a condition over the card ``c``."""
    raise NotImplementedError
