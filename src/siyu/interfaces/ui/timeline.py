"""How facts read in a customer's timeline, for every interface alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise

from siyu.facts import api as facts


@dataclass(frozen=True)
class Moment:
    """One line of the timeline."""

    fact: facts.Fact
    title: str
    detail: str
    icon: str


def timeline_names() -> list[str]:
    """Names of the facts that are for reading."""
    return [name for name, kind in facts.CATALOGUE.items() if kind.timeline]


def moments(found: Iterable[facts.Fact]) -> list[Moment]:
    """Each fact in words, by the renderer of the module that owns it, else by its label."""
    return [_moment(fact) for fact in found]


def _moment(fact: facts.Fact) -> Moment:
    shown = facts.TIMELINE.find(fact.name)
    if shown is None:
        return Moment(fact, str(facts.CATALOGUE.get(fact.name).label), "", "point")
    entry = shown(fact)
    return Moment(fact, _filled(entry.title, entry), _filled(entry.detail, entry), entry.icon)


def _filled(text: str | Promise, entry: facts.TimelineEntry) -> str:
    return str(text) % entry.params if entry.params and "%(" in str(text) else str(text)
