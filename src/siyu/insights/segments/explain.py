"""Why is this person in (or not in) this segment, and since which fact?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments.compile import MEMBERSHIP, Query
from siyu.insights.segments.contracts import (
    AllOf,
    AnyOf,
    ConditionView,
    Explanation,
    FactCount,
    HasTag,
    Node,
    Not,
    Trait,
)
from siyu.insights.segments.describe import describe, shown
from siyu.insights.segments.members import FLIPS
from siyu.insights.segments.queries import get_segment
from siyu.insights.segments.rules import parse_tree, walk
from siyu.kit.errors import NotFound
from siyu.records.customers import api as customers
from siyu.records.staff.contracts import Scope

_LATEST = 500


@dataclass(frozen=True)
class _Known:
    """What is known about the person while explaining."""

    card: cards.CardView
    subject_ids: Sequence[int]
    truths: Mapping[int, bool]
    names: dict[int, str]
    at: datetime


def explain(segment_id: int, customer_id: int, *, scope: Scope, at: datetime) -> Explanation:
    """Each condition with whether it holds, the value found and since which fact.

    ``member`` is the kept membership; the root's ``holds`` is judged afresh at ``at``. NotFound out of scope.
    """
    segment = get_segment(segment_id, scope=scope)
    card = cards.get_card(customer_id, scope=scope, at=at)
    tree = parse_tree(segment.definition)
    nodes = list(walk(tree.root))
    query = Query(at, [customer_id])
    columns = ", ".join(query.truth_of(node) for node in nodes)
    source = query.source()
    found = foundation.fetch(f"SELECT {columns} {source}", query.params)
    if not found:
        raise NotFound("customer_not_found", _("There is no such customer."))
    names = dict(foundation.fetch("SELECT id, name FROM insights_segments_segment"))
    subjects = customers.subjects_of([customer_id]).get(customer_id, [])
    known = _Known(card, subjects, dict(zip(map(id, nodes), found[0], strict=True)), names, at)
    since, known_since, cause_id = _membership(segment_id, customer_id)
    flips = foundation.fetch(
        f"SELECT due_at FROM {FLIPS} WHERE segment_id = %s AND customer_id = %s", [segment_id, customer_id]
    )
    return Explanation(
        segment_id=segment_id,
        customer_id=customer_id,
        member=since is not None,
        since=since,
        known_since=known_since,
        cause=next(iter(facts.read(ids=[cause_id], limit=1)), None) if cause_id else None,
        next_flip_at=flips[0][0] if flips else None,
        root=_view(tree.root, known),
    )


def _membership(segment_id: int, customer_id: int) -> tuple[datetime | None, datetime | None, int | None]:
    rows = foundation.fetch(
        f"SELECT valid_from, known_from, cause_fact_id FROM {MEMBERSHIP} WHERE segment_id = %s AND customer_id = %s"
        " AND valid_to IS NULL AND known_to IS NULL",
        [segment_id, customer_id],
    )
    return rows[0] if rows else (None, None, None)


def _view(node: Node, known: _Known) -> ConditionView:
    children: tuple[ConditionView, ...] = ()
    if isinstance(node, AllOf | AnyOf):
        children = tuple(_view(child, known) for child in node.nodes)
    elif isinstance(node, Not):
        children = (_view(node.node, known),)
    value, fact = _evidence(node, known)
    return ConditionView(
        text=describe(node, known.names),
        holds=bool(known.truths[id(node)]),
        value=value,
        fact_id=fact.id if fact else None,
        since=fact.occurred_at if fact else None,
        children=children,
    )


def _evidence(node: Node, known: _Known) -> tuple[str, facts.Fact | None]:
    if isinstance(node, Trait):
        value: Any = getattr(known.card, node.field)
        field = cards.FIELDS[node.field]
        return shown(field, value), _last(cards.MOVED_BY.get(node.field, ()), known)
    if isinstance(node, HasTag):
        about = _recent(cards.MOVED_BY["tags"], known)
        return "", next((f for f in about if f.payload.tag == node.name), None)
    if isinstance(node, FactCount):
        matching = [f for f in _recent((node.name,), known) if _counts(f, node, known.at)]
        decisive = matching[node.at_least - 1] if len(matching) >= node.at_least else None
        return str(len(matching)), decisive
    return "", None


def _last(names: Sequence[str], known: _Known) -> facts.Fact | None:
    return next(iter(_recent(names, known, limit=1)), None)


def _recent(names: Sequence[str], known: _Known, limit: int = _LATEST) -> list[facts.Fact]:
    if not names:
        return []
    return facts.read(subject_ids=known.subject_ids, names=names, limit=limit, newest_first=True)


def _counts(fact: facts.Fact, node: FactCount, at: datetime) -> bool:
    if node.days is not None and (at - fact.occurred_at).total_seconds() >= node.days * 86_400:
        return False
    return all(_passes(getattr(fact.payload, w.field, None), w.op, w.value) for w in node.where)


def _passes(found: object, op: cards.Op, value: object) -> bool:
    """The same comparison as the compiled SQL, for showing single facts."""
    if op in (cards.Op.AT_LEAST, cards.Op.AT_MOST):
        if not isinstance(found, int | float) or isinstance(found, bool) or not isinstance(value, int):
            return False
        return found >= value if op is cards.Op.AT_LEAST else found <= value
    text = None if found is None else str(found).lower() if isinstance(found, bool) else str(found)
    wanted = str(value).lower() if isinstance(value, bool) else str(value)
    if op is cards.Op.CONTAINS:
        return text is not None and wanted.lower() in text.lower()
    return (text == wanted) is (op is cards.Op.IS)
