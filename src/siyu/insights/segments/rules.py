"""Rule trees: JSON ↔ tree, what a tree depends on, and the order in which segments build on each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

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
    PayloadFilter,
    Trait,
    Tree,
)
from siyu.kit.errors import BadInput

VERSION = 1
MAX_DEPTH = 8
MAX_NODES = 100
MAX_FILTERS = 5
MAX_COUNT = 10_000
MAX_DAYS = 36_500
PAYLOAD_OPS = frozenset(
    {cards.Op.IS, cards.Op.IS_NOT, cards.Op.AT_LEAST, cards.Op.AT_MOST, cards.Op.CONTAINS}
)
TAGS_FIELD = "tags"


def parse_tree(definition: Definition) -> Tree:
    """Check the JSON of a definition and return its tree.

    Raises BadInput whose ``fields`` maps the path of each bad node (such as "root.all.1.trait") to what is
    wrong with it. Whether facts and segments named in it exist is checked by ``check_tree``.
    """
    reader = _Reader()
    given: object = definition  # what comes from outside may be anything
    if not isinstance(given, Mapping):
        reader.fail("definition", _("A definition is a JSON object."))
        raise reader.error()
    if definition.get("version") != VERSION:
        reader.fail("version", _("The format version must be %(version)s.") % {"version": VERSION})
    extra = set(definition) - {"version", "root"}
    if extra:
        reader.fail(
            "definition", _("Unknown: %(names)s.") % {"names": ", ".join(sorted(map(str, extra)))[:100]}
        )
    root = reader.node(definition.get("root"), "root", 1)
    if reader.problems or root is None:
        raise reader.error()
    return Tree(root)


def tree_to_json(tree: Tree) -> dict[str, Any]:
    """The JSON of a tree; ``parse_tree(tree_to_json(tree)) == tree``."""
    return {"version": tree.version, "root": _to_json(tree.root)}


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, depth first."""
    yield node
    if isinstance(node, AllOf | AnyOf):
        for child in node.nodes:
            yield from walk(child)
    elif isinstance(node, Not):
        yield from walk(node.node)


@dataclass(frozen=True)
class Dependencies:
    """What can change a tree's truth, apart from time."""

    card_fields: frozenset[str]
    fact_names: frozenset[str]
    segment_ids: frozenset[int]
    custom: frozenset[str]


def dependencies(tree: Tree) -> Dependencies:
    """Card fields, facts, segments and registered conditions that a tree reads."""
    nodes = list(walk(tree.root))
    fields = {n.field for n in nodes if isinstance(n, Trait)}
    if any(isinstance(n, HasTag) for n in nodes):
        fields.add(TAGS_FIELD)
    return Dependencies(
        frozenset(fields),
        frozenset(n.name for n in nodes if isinstance(n, FactCount)),
        frozenset(n.segment_id for n in nodes if isinstance(n, InSegment)),
        frozenset(n.name for n in nodes if isinstance(n, Custom)),
    )


def build_order(needs: Mapping[int, frozenset[int]]) -> list[int]:
    """Segments so that each comes after those it refers to; ties by id. ValueError names a circle's members."""
    done: list[int] = []
    waiting = dict(needs)
    while waiting:
        ready = sorted(k for k, wanted in waiting.items() if not (wanted & waiting.keys()))
        if not ready:
            raise ValueError(sorted(waiting))
        for key in ready:
            del waiting[key]
        done.extend(ready)
    return done


class _Reader:
    """Collects all problems of one definition instead of stopping at the first."""

    def __init__(self) -> None:
        self.problems: dict[str, object] = {}
        self.count = 0

    def fail(self, path: str, message: str) -> None:
        self.problems.setdefault(path, message)

    def error(self) -> BadInput:
        first = next(iter(self.problems.items()), ("root", ""))
        return BadInput(
            "segment_invalid",
            _("The rule is not valid: %(problem)s (at %(path)s)"),
            fields=self.problems,
            path=first[0],
            problem=first[1],
        )

    def node(self, raw: Any, path: str, depth: int) -> Node | None:
        self.count += 1
        if self.count > MAX_NODES or depth > MAX_DEPTH:
            self.fail(path, _("The rule is too large: at most 100 conditions, nested at most 8 deep."))
            return None
        if not isinstance(raw, Mapping) or len(raw) != 1:
            self.fail(
                path,
                _("A condition is an object with exactly one of: all, any, not, trait, tag, fact, segment."),
            )
            return None
        kind, body = next(iter(raw.items()))
        here = f"{path}.{kind}"
        if kind in ("all", "any"):
            return self._group(kind, body, here, depth)
        if kind == "not":
            inner = self.node(body, here, depth + 1)
            return None if inner is None else Not(inner)
        read = _LEAVES.get(kind)
        if read is None or not isinstance(body, Mapping):
            self.fail(
                here,
                _("A condition is an object with exactly one of: all, any, not, trait, tag, fact, segment."),
            )
            return None
        try:
            return read(body)
        except BadInput as problem:
            self.fail(here, str(problem))
            return None

    def _group(self, kind: str, body: Any, path: str, depth: int) -> Node | None:
        if not isinstance(body, list | tuple) or not body:
            self.fail(path, _("Give at least one condition."))
            return None
        nodes = [self.node(item, f"{path}.{i}", depth + 1) for i, item in enumerate(body)]
        known = tuple(n for n in nodes if n is not None)
        return AllOf(known) if kind == "all" else AnyOf(known)


def _bad(message: str) -> BadInput:
    return BadInput("bad_condition", message)


def _only(body: Mapping[str, Any], *names: str) -> None:
    extra = sorted(str(key) for key in set(body) - set(names))
    if extra:
        raise _bad(_("Unknown: %(names)s.") % {"names": ", ".join(extra)[:100]})


def _integer(body: Mapping[str, Any], name: str, low: int, high: int, default: int | None = None) -> int:
    value = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise _bad(
            _("“%(name)s” must be a whole number from %(low)s to %(high)s.")
            % {"name": name, "low": low, "high": high}
        )
    return value


def _flag(body: Mapping[str, Any], name: str) -> bool:
    value = body.get(name, True)
    if not isinstance(value, bool):
        raise _bad(_("“%(name)s” must be true or false.") % {"name": name})
    return value


def _text(body: Mapping[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value.strip() or len(value) > 200 or "\0" in value:
        raise _bad(_("“%(name)s” must be a text of at most 200 characters.") % {"name": name})
    return value.strip()


def _trait(body: Mapping[str, Any]) -> Node:
    _only(body, "field", "op", "value")
    checked = cards.parse_filter(str(body.get("field", "")), str(body.get("op", "")), body.get("value"))
    return Trait(checked.field, checked.op, checked.value)


def _tag(body: Mapping[str, Any]) -> Node:
    _only(body, "name", "has")
    return HasTag(_text(body, "name"), _flag(body, "has"))


def _fact(body: Mapping[str, Any]) -> Node:
    _only(body, "name", "at_least", "days", "where", "happened")
    days = None if body.get("days") is None else _integer(body, "days", 1, MAX_DAYS)
    raw = body.get("where", [])
    if not isinstance(raw, list | tuple) or len(raw) > MAX_FILTERS:
        raise _bad(_("“where” is a list of at most 5 conditions."))
    where = tuple(_payload_filter(item) for item in raw)
    name = _text(body, "name")
    if name.startswith("segment."):
        raise _bad(_("Use a segment condition instead of facts about segments."))
    return FactCount(name, _integer(body, "at_least", 1, MAX_COUNT, 1), days, where, _flag(body, "happened"))


def _payload_filter(item: Any) -> PayloadFilter:
    if not isinstance(item, Mapping):
        raise _bad(_("“where” is a list of at most 5 conditions."))
    _only(item, "field", "op", "value")
    op, value = str(item.get("op", "")), item.get("value")
    if op not in PAYLOAD_OPS:
        raise _bad(_("This comparison cannot be used here: %(op)s.") % {"op": op[:50]})
    numeric = isinstance(value, int) and not isinstance(value, bool) and abs(value) <= 10**15
    if op in (cards.Op.AT_LEAST, cards.Op.AT_MOST) and not numeric:
        raise _bad(_("Give a whole number to compare with."))
    if not numeric and not isinstance(value, bool):
        value = _text({"value": value}, "value")
    if op == cards.Op.CONTAINS and not isinstance(value, str):
        raise _bad(_("“%(name)s” must be a text of at most 200 characters.") % {"name": "value"})
    return PayloadFilter(_text(item, "field"), cards.Op(op), value)


def _segment(body: Mapping[str, Any]) -> Node:
    _only(body, "id", "member")
    return InSegment(_integer(body, "id", 1, 2**62), _flag(body, "member"))


def _custom(body: Mapping[str, Any]) -> Node:
    _only(body, "name", "params")
    params = body.get("params", {})
    if not isinstance(params, Mapping):
        raise _bad(_("“%(name)s” must be an object.") % {"name": "params"})
    return Custom(_text(body, "name"), dict(params))


_LEAVES: dict[str, Callable[[Mapping[str, Any]], Node]] = {
    "trait": _trait,
    "tag": _tag,
    "fact": _fact,
    "segment": _segment,
    "custom": _custom,
}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value.isoformat() if hasattr(value, "isoformat") else value


def _to_json(node: Node) -> dict[str, Any]:
    if isinstance(node, AllOf):
        return {"all": [_to_json(child) for child in node.nodes]}
    if isinstance(node, AnyOf):
        return {"any": [_to_json(child) for child in node.nodes]}
    if isinstance(node, Not):
        return {"not": _to_json(node.node)}
    if isinstance(node, Trait):
        return {"trait": {"field": node.field, "op": str(node.op), "value": _plain(node.value)}}
    if isinstance(node, HasTag):
        return {"tag": {"name": node.name, "has": node.has}}
    if isinstance(node, FactCount):
        where = [{"field": w.field, "op": str(w.op), "value": w.value} for w in node.where]
        return {
            "fact": {
                "name": node.name,
                "at_least": node.at_least,
                "days": node.days,
                "where": where,
                "happened": node.happened,
            }
        }
    if isinstance(node, InSegment):
        return {"segment": {"id": node.segment_id, "member": node.member}}
    return {"custom": {"name": node.name, "params": dict(node.params)}}
