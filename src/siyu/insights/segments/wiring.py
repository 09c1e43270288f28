"""Registrations of insights/segments."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.insights.cards import api as cards
from siyu.insights.segments import personal
from siyu.insights.segments.models import Segment
from siyu.insights.segments.update import on_touch


def _entry(fact: facts.Fact) -> facts.TimelineEntry:
    entered = fact.name == "segment.entered"
    name = Segment.objects.filter(pk=fact.payload.segment_id).values_list("name", flat=True).first()
    title = _("Entered a segment") if entered else _("Left a segment")
    return facts.TimelineEntry(title, name or "", "users-group" if entered else "users-minus")


def wire() -> None:
    """Listen to refreshed cards, after scoring; render own facts; declare personal data."""
    cards.LISTENERS.register("2_segments", on_touch)
    facts.TIMELINE.register("segment.entered", _entry)
    facts.TIMELINE.register("segment.left", _entry)
    personal.declare()
