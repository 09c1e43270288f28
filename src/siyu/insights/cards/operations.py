"""Writing cards: refresh from records, scores from above, rebuild."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.foundation import api as foundation
from siyu.insights.cards.contracts import CardListener, CardScores, Touch

RELATION = "insights_cards_card"
LISTENERS: foundation.Registry[CardListener] = foundation.Registry("card_listeners")


def refresh(customer_ids: Sequence[int], *, at: datetime) -> Touch:
    """Recompute the cards of these customers from records and facts; returns what changed."""
    raise NotImplementedError


def write_scores(scores: Sequence[CardScores]) -> int:
    """Put stage and scores onto cards; returns how many changed."""
    raise NotImplementedError


def rebuild(*, at: datetime) -> int:
    """Recompute every card and remove those without a customer; returns how many differed."""
    raise NotImplementedError
