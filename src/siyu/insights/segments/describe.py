"""Conditions in the reader's words."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments.contracts import (
    AllOf,
    AnyOf,
    Custom,
    Definition,
    FactCount,
    HasTag,
    InSegment,
    Node,
    Not,
    Trait,
)
from siyu.insights.segments.models import Segment
from siyu.insights.segments.registry import PREDICATES
from siyu.insights.segments.rules import parse_tree
from siyu.kit import money


def describe(node: Node, names: dict[int, str]) -> str:
    """One condition (not its children) as a short sentence; ``names`` are segments by id."""
    if isinstance(node, AllOf):
        return _("All of these hold")
    if isinstance(node, AnyOf):
        return _("At least one of these holds")
    if isinstance(node, Not):
        return _("This does not hold")
    if isinstance(node, Trait):
        return _trait(node)
    if isinstance(node, HasTag):
        text = _("Has the tag “%(tag)s”") if node.has else _("Does not have the tag “%(tag)s”")
        return text % {"tag": node.name}
    if isinstance(node, FactCount):
        return _fact(node)
    if isinstance(node, InSegment):
        text = _("Is in the segment “%(name)s”") if node.member else _("Is not in the segment “%(name)s”")
        return text % {"name": names.get(node.segment_id, str(node.segment_id))}
    return _custom(node)


def in_words(definition: Definition) -> str:
    """A whole rule as one sentence: conditions joined by "and" or "or", inner groups in brackets."""
    names = dict(Segment.objects.values_list("pk", "name"))
    return _sentence(parse_tree(definition).root, names, outermost=True)


def _sentence(node: Node, names: dict[int, str], *, outermost: bool = False) -> str:
    if isinstance(node, Not):
        return _("not (%(rule)s)") % {"rule": _sentence(node.node, names, outermost=True)}
    if not isinstance(node, AllOf | AnyOf):
        return describe(node, names)
    joiner = _(" and ") if isinstance(node, AllOf) else _(" or ")
    text = joiner.join(_sentence(child, names) for child in node.nodes)
    return text if outermost or len(node.nodes) == 1 else f"({text})"


def _trait(node: Trait) -> str:
    field = cards.FIELDS[node.field]
    label = str(field.label)
    if node.op is cards.Op.WITHIN_DAYS:
        return _("%(field)s: within the last %(days)s days") % {"field": label, "days": node.value}
    if node.op is cards.Op.OVER_DAYS:
        return _("%(field)s: more than %(days)s days ago") % {"field": label, "days": node.value}
    text = f"{label} {cards.OP_LABELS[node.op]}"
    return text if node.value is None else f"{text} {shown(field, node.value)}"


def shown(field: cards.CardField, value: object) -> str:
    """A field's value as people read it."""
    if value is None:
        return _("none")
    if isinstance(value, tuple):
        return ", ".join(shown(field, item) for item in value) or _("none")
    if field.kind is cards.FieldKind.MONEY and isinstance(value, int):
        return money.format_minor(value, foundation.brand_currency())
    if field.kind is cards.FieldKind.CHOICE:
        return str(field.choices.get(str(value), value))
    if isinstance(value, datetime):
        return value.astimezone(foundation.brand_zone()).strftime("%Y-%m-%d %H:%M")
    return str(value)


def _fact(node: FactCount) -> str:
    known = facts.CATALOGUE.find(node.name)
    label = str(known.label) if known else node.name
    times = ngettext("at least %(count)s time", "at least %(count)s times", node.at_least) % {
        "count": node.at_least
    }
    within = "" if node.days is None else _("within %(days)s days") % {"days": node.days}
    filters = " ".join(f"[{w.field} {cards.OP_LABELS[w.op]} {w.value}]" for w in node.where)
    text = " ".join(part for part in (label, filters, times, within) if part)
    return text if node.happened else _("Not so: %(condition)s") % {"condition": text}


def _custom(node: Custom) -> str:
    predicate = PREDICATES.find(node.name)
    return str(predicate.label) if predicate else node.name
