"""Registrations of insights/scoring."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.insights.cards import api as cards
from siyu.insights.scoring.contracts import STAGE_LABELS, Stage
from siyu.insights.scoring.operations import on_touch
from siyu.records.customers import api as customers


def _entry(fact: facts.Fact) -> facts.TimelineEntry:
    return facts.TimelineEntry(
        _("Life-cycle stage changed"), str(STAGE_LABELS[Stage(fact.payload.stage)]), "stairs"
    )


def wire() -> None:
    """Listen to refreshed cards, before segments; render own facts; declare personal data."""
    cards.LISTENERS.register("1_scoring", on_touch)
    facts.TIMELINE.register("stage.changed", _entry)
    customers.PERSONAL.declare(
        "insights_scoring.StageFlip",
        customers.DataPolicy(
            customers.MergeRule.SUBSCRIBES,
            customers.MergeRule.SUBSCRIBES,
            customers.not_exported("a timer without content"),
            cards.erase_rows("insights_scoring_stageflip"),
        ),
    )
