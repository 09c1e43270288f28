"""What work gives to lower modules at start-up."""

from __future__ import annotations

from siyu.actions.work import personal
from siyu.actions.work.contracts import FACTS, RESULT_LABELS, TaskResult
from siyu.facts import api as facts


def _render(fact: facts.Fact) -> facts.TimelineEntry:
    result = fact.payload.result
    return facts.TimelineEntry(
        title=facts.CATALOGUE.get(fact.name).label,
        detail=RESULT_LABELS[TaskResult(result)] if result else "",
        icon="checklist",
    )


def wire() -> None:
    """Declare personal data and how task facts read in a timeline."""
    personal.declare()
    for fact in FACTS:
        facts.TIMELINE.register(fact.name, _render)
