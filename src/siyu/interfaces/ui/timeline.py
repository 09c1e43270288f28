"""How facts read in a customer's timeline, for every interface alike."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from siyu.facts import api as facts
from siyu.interfaces.ui import display, installation
from siyu.kit import money


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
    params = entry.params | {
        name: money.format_minor(amount, installation.brand().currency)
        for name, amount in entry.amounts.items()
    }
    if "order_source" in params:
        params["order_source"] = display.order_source(params["order_source"])
        params["order_no"] = display.order_number(params["order_no"])
    return Moment(fact, _filled(entry.title, params), _filled(entry.detail, params), entry.icon)


def _filled(text: str | Promise, params: dict[str, Any]) -> str:
    return str(text) % params if params and "%(" in str(text) else str(text)
