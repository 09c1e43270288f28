"""What journeys give to lower modules at start-up, and the questions branches can ask."""

from __future__ import annotations

from siyu.decisions.journeys import personal
from siyu.decisions.journeys.predicates import HappenedSinceEntry, HasTag, InSegment, Matches
from siyu.decisions.journeys.registry import PREDICATES
from siyu.facts import api as facts

ICONS = {"journey.entered": "route", "journey.step_taken": "walk", "journey.ended": "flag"}


def _render(fact: facts.Fact) -> facts.TimelineEntry:
    words = [fact.payload.name, getattr(fact.payload, "label", "")]
    return facts.TimelineEntry(
        title=facts.CATALOGUE.get(fact.name).label,
        detail=" · ".join(word for word in words if word),
        icon=ICONS[fact.name],
        link=f"/journeys/{fact.payload.journey_id}/",
    )


def wire() -> None:
    """Declare personal data, timeline texts and predicates."""
    personal.declare()
    for name in ICONS:
        facts.TIMELINE.register(name, _render)
    for predicate in (HappenedSinceEntry(), HasTag(), InSegment(), Matches()):
        PREDICATES.register(predicate.name, predicate)
