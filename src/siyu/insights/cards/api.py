"""Front door of insights/cards."""

from siyu.insights.cards.causes import facts_moving, find_causes
from siyu.insights.cards.contracts import (
    CardField,
    CardFilter,
    CardListener,
    CardScores,
    CardView,
    FieldKind,
    Fragment,
    Op,
    Touch,
)
from siyu.insights.cards.fields import FIELDS, MOVED_BY, OP_LABELS, card_fields
from siyu.insights.cards.listing import Term, list_cards, list_ids
from siyu.insights.cards.operations import (
    LISTENERS,
    RELATION,
    hold_insights,
    notify,
    rebuild,
    refresh,
    write_scores,
)
from siyu.insights.cards.personal import erase_rows
from siyu.insights.cards.queries import SAMPLE, SAMPLED, cards_by_id, get_card, more_than, scope_fragment
from siyu.insights.cards.traits import compile_trait, parse_filter

__all__ = [
    "FIELDS",
    "LISTENERS",
    "MOVED_BY",
    "OP_LABELS",
    "RELATION",
    "SAMPLE",
    "SAMPLED",
    "CardField",
    "CardFilter",
    "CardListener",
    "CardScores",
    "CardView",
    "FieldKind",
    "Fragment",
    "Op",
    "Term",
    "Touch",
    "card_fields",
    "cards_by_id",
    "compile_trait",
    "erase_rows",
    "facts_moving",
    "find_causes",
    "get_card",
    "hold_insights",
    "list_cards",
    "list_ids",
    "more_than",
    "notify",
    "parse_filter",
    "rebuild",
    "refresh",
    "scope_fragment",
    "write_scores",
]
