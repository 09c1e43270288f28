"""What the rules alone cannot know: whether the facts, fields and segments named in a tree exist."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from django.utils.translation import gettext as _

from siyu.facts import api as facts
from siyu.insights.segments.contracts import Custom, FactCount, InSegment, Tree
from siyu.insights.segments.registry import PREDICATES
from siyu.insights.segments.rules import build_order, dependencies, walk
from siyu.insights.segments.store import living_trees
from siyu.kit.errors import BadInput


def check_tree(tree: Tree, *, segment_id: int | None = None) -> None:
    """Refuse a tree that names unknown things or, as the definition of ``segment_id``, closes a circle."""
    others = living_trees()
    for node in walk(tree.root):
        if isinstance(node, FactCount):
            _check_fact(node)
        elif isinstance(node, InSegment) and node.segment_id not in others:
            raise _bad(_("There is no segment with number %(id)s.") % {"id": node.segment_id})
        elif isinstance(node, Custom):
            if node.name not in PREDICATES:
                raise _bad(_("There is no condition “%(name)s”.") % {"name": node.name})
            PREDICATES.get(node.name).compile(node.params)
    if segment_id is not None:
        _check_circle({**others, segment_id: tree})


def _check_fact(node: FactCount) -> None:
    known = facts.CATALOGUE.find(node.name)
    if known is None:
        raise _bad(_("There is no fact “%(name)s”.") % {"name": node.name})
    fields = {field.name for field in dataclasses.fields(known.payload)}
    for where in node.where:
        if where.field not in fields:
            raise _bad(
                _("The fact “%(name)s” has no field “%(field)s”.") % {"name": node.name, "field": where.field}
            )


def _check_circle(trees: Mapping[int, Tree]) -> None:
    try:
        build_order({k: dependencies(t).segment_ids & trees.keys() for k, t in trees.items()})
    except ValueError:
        raise _bad(_("Segments must not refer to each other in a circle.")) from None


def _bad(message: str) -> BadInput:
    return BadInput("segment_invalid", message, fields={"root": message})
