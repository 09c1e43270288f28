"""The incremental update: only the segments that depend on what changed, only for whom it changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.facts import api as facts
from siyu.insights.cards import api as cards
from siyu.insights.segments.contracts import Tree
from siyu.insights.segments.evaluate import judge
from siyu.insights.segments.members import Change, drop_flips, open_members, write_changes, write_flips
from siyu.insights.segments.registry import PREDICATES
from siyu.insights.segments.rules import Dependencies, build_order, dependencies
from siyu.insights.segments.store import active_trees, unbuilt


@dataclass(frozen=True)
class Kept:
    """One segment that is kept up to date, with what it depends on."""

    segment_id: int
    tree: Tree
    needs: Dependencies
    quiet: bool = False
    """Being built, or resting on one that is: its members come and go because of a definition, and nobody acts on it."""


def on_touch(touch: cards.Touch, *, at: datetime) -> Mapping[int, frozenset[str]]:
    """The listener of insights/cards: judge again whom the batch touched."""
    update(touch, at=at)
    return {}


def update(touch: cards.Touch, *, at: datetime, due: Mapping[tuple[int, int], datetime] | None = None) -> int:
    """Judge every affected (segment, person); returns how many entered or left.

    ``due`` holds pairs whose flip came due, with its moment, which is then when the change became true.
    Segments are judged after those they refer to, so that a change runs through in one pass.
    """
    kept = _all_kept()
    due = due or {}
    moved: dict[int, dict[int, facts.Fact | None]] = defaultdict(dict)
    total = 0
    for level in _levels(kept):
        waiting: dict[frozenset[int], list[int]] = defaultdict(list)
        for segment_id in level:
            item = kept[segment_id]
            people = _affected(item, touch) | {c for s, c in due if s == segment_id}
            for other in item.needs.segment_ids:
                people |= moved[other].keys()
            if people:
                waiting[frozenset(people)].append(segment_id)
        for group, ids in waiting.items():
            changes = _judge([kept[k] for k in ids], sorted(group), touch, due, moved, at)
            for change in changes:
                moved[change.segment_id][change.customer_id] = change.cause
            total += len(changes)
    return total


def _judge(
    items: Sequence[Kept],
    people: Sequence[int],
    touch: cards.Touch,
    due: Mapping[tuple[int, int], datetime],
    moved: Mapping[int, Mapping[int, facts.Fact | None]],
    at: datetime,
) -> list[Change]:
    ids = [item.segment_id for item in items]
    verdicts = judge({item.segment_id: item.tree for item in items}, people, as_of=at)
    members = open_members(ids, people)
    changes = []
    for item in items:
        turned = []
        for customer_id in people:
            verdict = verdicts.get((item.segment_id, customer_id))
            holds = verdict is not None and verdict.holds
            if holds != ((item.segment_id, customer_id) in members):
                turned.append((customer_id, holds))
        causes = _causes(item, [c for c, _holds in turned], touch, moved)
        for customer_id, holds in turned:
            cause = causes.get(customer_id)
            since = _since(cause, due.get((item.segment_id, customer_id)), at)
            changes.append(
                Change(item.segment_id, customer_id, holds, since, cause, touch.quiet or item.quiet)
            )
    write_changes(changes, at=at)
    write_flips(verdicts)
    drop_flips([(s, c) for s in ids for c in people if (s, c) not in verdicts])
    return changes


def _causes(
    item: Kept,
    people: Sequence[int],
    touch: cards.Touch,
    moved: Mapping[int, Mapping[int, facts.Fact | None]],
) -> dict[int, facts.Fact]:
    """What moved each person: what moved them in a segment this one refers to, else a fact it reads."""
    inherited = {
        customer: cause
        for other in item.needs.segment_ids
        for customer, cause in moved.get(other, {}).items()
        if cause is not None
    }
    names = item.needs.fact_names | cards.facts_moving(item.needs.card_fields)
    return {**cards.find_causes(touch, people, names), **{c: inherited[c] for c in people if c in inherited}}


def _since(cause: facts.Fact | None, due_at: datetime | None, at: datetime) -> datetime:
    """When the change became true: at its fact, at its flip, else now; never in the future."""
    if cause is not None:
        return min(cause.occurred_at, at)
    return min(due_at, at) if due_at is not None else at


def _all_kept() -> dict[int, Kept]:
    trees, building = active_trees(), unbuilt()
    needs = {k: dependencies(tree) for k, tree in trees.items()}
    quiet = set(building)
    while more := {k for k, need in needs.items() if need.segment_ids & quiet} - quiet:
        quiet |= more
    return {k: Kept(k, tree, needs[k], k in quiet) for k, tree in trees.items()}


def _levels(kept: Mapping[int, Kept]) -> list[list[int]]:
    """Segments in layers: each refers only to segments of earlier layers."""
    needs = {k: item.needs.segment_ids & kept.keys() for k, item in kept.items()}
    depth: dict[int, int] = {}
    for segment_id in build_order(needs):
        depth[segment_id] = 1 + max((depth[other] for other in needs[segment_id]), default=-1)
    layers: dict[int, list[int]] = defaultdict(list)
    for segment_id, level in depth.items():
        layers[level].append(segment_id)
    return [sorted(layers[level]) for level in sorted(layers)]


def _affected(item: Kept, touch: cards.Touch) -> set[int]:
    """People of the batch for whom something this segment reads has changed."""
    fields, names = set(item.needs.card_fields), set(item.needs.fact_names)
    for custom in item.needs.custom:
        predicate = PREDICATES.get(custom)
        fields |= predicate.card_fields
        names |= predicate.fact_names
    people = {k for k, changed in touch.changed.items() if changed & fields} | touch.removed | touch.shaken
    # a rule with neither field nor fact (such as "not in segment 3") still judges everybody new
    people |= {k for k, changed in touch.changed.items() if "created_at" in changed}
    if names:
        people |= {k for k, about in touch.facts.items() if any(f.name in names for f in about)}
    return people
