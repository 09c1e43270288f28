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
from siyu.insights.segments.store import active_trees


@dataclass(frozen=True)
class Kept:
    """One segment that is kept up to date, with what it depends on."""

    segment_id: int
    tree: Tree
    needs: Dependencies


def on_touch(touch: cards.Touch, *, at: datetime) -> Mapping[int, frozenset[str]]:
    """The listener of insights/cards: judge again whom the batch touched."""
    update(touch, at=at)
    return {}


def update(touch: cards.Touch, *, at: datetime, due: Mapping[tuple[int, int], datetime] | None = None) -> int:
    """Judge every affected (segment, person); returns how many entered or left.

    ``due`` holds pairs whose flip came due, with its moment, which is then when the change became true.
    Segments are judged after those they refer to, so that a change runs through in one pass.
    """
    kept = {k.segment_id: k for k in map(_kept, active_trees().items())}
    due = due or {}
    moved: dict[int, set[int]] = defaultdict(set)
    waiting: dict[frozenset[int], dict[int, Tree]] = {}
    total = 0
    for level in _levels(kept):
        waiting.clear()
        for segment_id in level:
            item = kept[segment_id]
            people = _affected(item, touch) | {c for s, c in due if s == segment_id}
            for other in item.needs.segment_ids:
                people |= moved[other]
            if people:
                waiting.setdefault(frozenset(people), {})[segment_id] = item.tree
        for group, trees in waiting.items():
            changes = _judge(trees, sorted(group), touch, due, at)
            for change in changes:
                moved[change.segment_id].add(change.customer_id)
            total += len(changes)
    return total


def _judge(
    trees: Mapping[int, Tree],
    people: Sequence[int],
    touch: cards.Touch,
    due: Mapping[tuple[int, int], datetime],
    at: datetime,
) -> list[Change]:
    verdicts = judge(trees, people, as_of=at)
    members = open_members(list(trees), people)
    changes = []
    for segment_id in sorted(trees):
        for customer_id in people:
            pair = (segment_id, customer_id)
            verdict = verdicts.get(pair)
            holds = verdict is not None and verdict.holds
            if holds != (pair in members):
                cause = _cause(touch.facts.get(customer_id, ()), trees[segment_id])
                changes.append(Change(*pair, holds, _since(cause, due.get(pair), at), cause, touch.quiet))
    write_changes(changes, at=at)
    write_flips(verdicts)
    drop_flips([(s, c) for s in trees for c in people if (s, c) not in verdicts])
    return changes


def _since(cause: facts.Fact | None, due_at: datetime | None, at: datetime) -> datetime:
    """When the change became true: at its fact, at its flip, else now; never in the future."""
    if cause is not None:
        return min(cause.occurred_at, at)
    return min(due_at, at) if due_at is not None else at


def _cause(about: Sequence[facts.Fact], tree: Tree) -> facts.Fact | None:
    """The fact of this batch that made the difference: the last one that can move what the tree reads.

    Among those live ones come first, so that history imported in the same batch does not hide what the
    customer just did; and a live fact the tree does not read never makes history look alive.
    """
    if not about:
        return None
    needs = dependencies(tree)
    names = set(needs.fact_names).union(*(cards.MOVED_BY.get(field, ()) for field in needs.card_fields))
    moving = [fact for fact in about if fact.name in names] or about
    return max(moving, key=lambda f: (f.origin is facts.Origin.LIVE, f.tx, f.id))


def _kept(item: tuple[int, Tree]) -> Kept:
    return Kept(item[0], item[1], dependencies(item[1]))


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
