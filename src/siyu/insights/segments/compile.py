"""Rule tree → set-based SQL. Values travel as parameters only; every group is bracketed.

A compiled tree is judged over cards ``c`` at the moment ``t.as_of``. Conditions on facts become one
aggregated LEFT JOIN each, so that a million people and five cost one statement. ``truth`` is never NULL.
``flip`` is the next moment at which time alone can change a part of the tree (NULL: never).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from siyu.facts import api as facts
from siyu.insights.cards import api as cards
from siyu.insights.segments.contracts import (
    AllOf,
    AnyOf,
    Custom,
    FactCount,
    HasTag,
    InSegment,
    Node,
    Not,
    PayloadFilter,
    Trait,
    Tree,
)
from siyu.insights.segments.registry import PREDICATES
from siyu.records.customers import api as customers

MEMBERSHIP = "insights_segments_membership"
OPEN = "valid_to IS NULL AND known_to IS NULL"
AHEAD = timedelta(days=31)
"""A fact that was recorded longer than this before it happened does not count within a window of days."""
YEARS = 3_660


@dataclass(frozen=True)
class Compiled:
    """The truth of one tree and its next flip, as expressions of a ``Query``."""

    truth: str
    flip: str


@dataclass
class Query:
    """One statement that judges several trees for the same people; equal fact conditions are read once."""

    as_of: datetime
    customer_ids: Sequence[int] | None = None
    between: tuple[int, int] | None = None
    params: dict[str, Any] = field(default_factory=dict)
    joins: dict[FactCount, str] = field(default_factory=dict)
    _joined: list[str] = field(default_factory=list)

    def bind(self, value: Any) -> str:
        """A placeholder for ``value``."""
        name = f"p{len(self.params)}"
        self.params[name] = value
        return f"%({name})s"

    def add(self, tree: Tree) -> Compiled:
        """Compile one tree into this statement."""
        flips: list[str] = []
        truth = self._node(tree.root, flips)
        later = [f"CASE WHEN {flip} > t.as_of THEN {flip} END" for flip in dict.fromkeys(flips)]
        # LEAST ignores NULLs, so a condition that never flips does not hide one that does
        return Compiled(truth, f"LEAST({', '.join(later)})" if later else "NULL::timestamptz")

    def source(self) -> str:
        """FROM and WHERE of the statement."""
        chosen = self._only("c")
        only = f" WHERE {chosen}" if chosen else ""
        as_of = self.bind(self.as_of)
        return (
            f"FROM {cards.RELATION} c CROSS JOIN (SELECT {as_of}::timestamptz AS as_of) t"
            f" {' '.join(self._joined)}{only}"
        )

    def _only(self, alias: str) -> str:
        """Which people are judged, as a condition; "" = everybody. ``between`` is above the first, up to the second."""
        if self.customer_ids is not None:
            return f"{alias}.customer_id = ANY({self.bind(list(self.customer_ids))})"
        if self.between is not None:
            low, high = self.between
            return f"{alias}.customer_id > {self.bind(low)} AND {alias}.customer_id <= {self.bind(high)}"
        return ""

    def truth_of(self, node: Node) -> str:
        """The truth of a single node (for explanations)."""
        return self._node(node, [])

    def _node(self, node: Node, flips: list[str]) -> str:
        if isinstance(node, AllOf | AnyOf):
            joint = " AND " if isinstance(node, AllOf) else " OR "
            return f"({joint.join(self._node(child, flips) for child in node.nodes)})"
        if isinstance(node, Not):
            return f"(NOT {self._node(node.node, flips)})"
        if isinstance(node, FactCount):
            return self._fact(node, flips)
        if isinstance(node, InSegment):
            inside = (
                f"EXISTS (SELECT 1 FROM {MEMBERSHIP} m WHERE m.segment_id = {self.bind(node.segment_id)}"
                " AND m.customer_id = c.customer_id AND m.valid_to IS NULL AND m.known_to IS NULL)"
            )
            return inside if node.member else f"(NOT {inside})"
        return self._fragment(_fragment(node), flips)

    def _fragment(self, fragment: cards.Fragment, flips: list[str]) -> str:
        if fragment.flip is not None:
            flips.append(self.fill(fragment.flip, fragment.flip_params))
        return self.fill(fragment.text, fragment.params)

    def fill(self, text: str, values: Sequence[Any]) -> str:
        """Replace each %s of ``text`` by a placeholder for its value."""
        pieces = text.split("%s")
        if len(pieces) != len(values) + 1:
            raise ValueError(f"{len(values)} values for {len(pieces) - 1} places in {text!r}")
        filled = pieces[0]
        for value, piece in zip(values, pieces[1:], strict=True):
            filled += self.bind(value) + piece
        return filled

    def _fact(self, node: FactCount, flips: list[str]) -> str:
        key = FactCount(node.name, node.at_least, node.days, node.where)
        alias = self.joins.get(key)
        if alias is None:
            alias = self.joins[key] = f"f{len(self.joins)}"
            self._joined.append(
                f"LEFT JOIN ({self._nth(key)}) {alias} ON {alias}.customer_id = c.customer_id"
            )
        if node.days is not None:
            flips.append(f"({alias}.nth + interval '1 day' * {self.bind(node.days)})")
        return f"({alias}.nth IS {'NOT ' if node.happened else ''}NULL)"

    def _nth(self, node: FactCount) -> str:
        """Per person the moment of the n-th latest such fact in the window; it leaves the window first."""
        conditions = [f"e.name = {self.bind(node.name)}"]
        if node.days is not None:
            conditions.append(
                f"e.occurred_at > {self.bind(self.as_of)}::timestamptz - interval '1 day' * {self.bind(node.days)}"
            )
            if node.days <= YEARS:
                # The log is kept by month of recording, which is not before the fact but for a clock that is
                # ahead: with a month to spare the months before the window are not even opened.
                recorded = self.as_of - timedelta(days=node.days) - AHEAD
                conditions.append(f"e.recorded_at > {self.bind(recorded)}::timestamptz")
        conditions += [self._payload(w) for w in node.where]
        if only := self._only("s"):
            conditions.append(only)
        nth = (
            "max(e.occurred_at)"
            if node.at_least == 1
            else f"(array_agg(e.occurred_at ORDER BY e.occurred_at DESC))[{self.bind(node.at_least)}]"
        )
        return (
            f"SELECT s.customer_id, {nth} AS nth FROM {facts.LOG_VIEW} e"
            f" JOIN {customers.SUBJECT_MAP} s ON s.subject_id = e.subject_id"
            f" WHERE {' AND '.join(conditions)} GROUP BY s.customer_id"
        )

    def _payload(self, where: PayloadFilter) -> str:
        name, op, value = self.bind(where.field), where.op, where.value
        if op in (cards.Op.AT_LEAST, cards.Op.AT_MOST):
            sign = ">=" if op is cards.Op.AT_LEAST else "<="
            return (
                f"(CASE WHEN jsonb_typeof(e.payload -> {name}) = 'number'"
                f" THEN (e.payload ->> {name})::numeric {sign} {self.bind(value)} ELSE FALSE END)"
            )
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if op is cards.Op.CONTAINS:
            return f"COALESCE(strpos(lower(e.payload ->> {name}), lower({self.bind(text)})) > 0, FALSE)"
        sign = "IS NOT DISTINCT FROM" if op is cards.Op.IS else "IS DISTINCT FROM"
        return f"((e.payload ->> {name}) {sign} {self.bind(text)})"


def _fragment(node: Trait | HasTag | Custom) -> cards.Fragment:
    if isinstance(node, Trait):
        return cards.compile_trait(cards.CardFilter(node.field, node.op, node.value))
    if isinstance(node, HasTag):
        op = cards.Op.HAS if node.has else cards.Op.HAS_NOT
        return cards.compile_trait(cards.CardFilter("tags", op, node.name))
    return PREDICATES.get(node.name).compile(node.params)
