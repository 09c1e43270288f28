"""The segment form: groups of conditions ↔ the JSON of a rule tree. Pure; modules check and count.

The form shows "all (or any) of these groups", each group "all (or any) of these conditions". A tree
of another shape (made through the API) is shown as JSON and cannot be changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone

from siyu.insights.cards import api as cards
from siyu.interfaces.ui.api import brand
from siyu.kit.money import format_plain

MODES = ("all", "any")
MOST_GROUPS = 6
MOST_ROWS = 15
_HIDDEN_OPS = {cards.Op.ONE_OF, cards.Op.NONE_OF}
_NO_VALUE = {cards.Op.EMPTY, cards.Op.NOT_EMPTY}
_DAYS = {cards.Op.WITHIN_DAYS, cards.Op.OVER_DAYS}


@dataclass(frozen=True)
class Row:
    """One condition as typed. ``what``: trait:FIELD, tag, fact:NAME or segment."""

    what: str = "trait:stage"
    op: str = "is"
    value: str = ""
    at_least: str = "1"
    days: str = ""
    where: tuple[Mapping[str, Any], ...] = ()
    problem: str = ""

    @property
    def kind(self) -> str:
        """trait, tag, fact or segment."""
        return self.what.partition(":")[0]

    @property
    def name(self) -> str:
        """The field of a trait or the name of a fact."""
        return self.what.partition(":")[2]


@dataclass(frozen=True)
class Group:
    """Conditions of which all, or any, must hold."""

    mode: str = "all"
    rows: tuple[Row, ...] = (Row(),)


@dataclass(frozen=True)
class Draft:
    """The whole form."""

    mode: str = "all"
    groups: tuple[Group, ...] = field(default_factory=lambda: (Group(),))


def ops_of(name: str) -> tuple[cards.Op, ...]:
    """The comparisons the form offers for a field."""
    known = cards.FIELDS.get(name)
    return tuple(op for op in known.ops if op not in _HIDDEN_OPS) if known else ()


def shape_of(row: Row) -> str:
    """How the value of a trait is asked for: none, days, date, choice, number, money, reference, tag or text."""
    known = cards.FIELDS.get(row.name)
    if known is None or row.op in _NO_VALUE:
        return "none"
    if row.op in _DAYS:
        return "days"
    return {
        cards.FieldKind.TIME: "date",
        cards.FieldKind.CHOICE: "choice",
        cards.FieldKind.NUMBER: "number",
        cards.FieldKind.MONEY: "money",
        cards.FieldKind.REFERENCE: "reference",
        cards.FieldKind.TAGS: "tag",
    }.get(known.kind, "text")


# Reading what was typed -------------------------------------------------------------------------


def read(data: QueryDict) -> Draft:
    """The draft as typed, after the pressed button (``do``) has added or removed something."""
    count = min(_number(data.get("groups")), MOST_GROUPS)
    groups = tuple(_read_group(data, index) for index in range(count)) or (Group(),)
    draft = Draft(_mode(data.get("mode")), groups)
    return _press(draft, data.get("do", ""))


def _read_group(data: QueryDict, index: int) -> Group:
    count = min(_number(data.get(f"g{index}-rows")), MOST_ROWS)
    return Group(
        _mode(data.get(f"g{index}-mode")),
        tuple(_read_row(data, f"g{index}r{number}") for number in range(count)),
    )


def _read_row(data: QueryDict, key: str) -> Row:
    row = Row(
        data.get(f"{key}-what", "trait:stage")[:100],
        data.get(f"{key}-op", "")[:40],
        data.get(f"{key}-value", "")[:200],
        data.get(f"{key}-least", "1")[:10],
        data.get(f"{key}-days", "")[:10],
    )
    if row.kind == "trait" and row.op not in ops_of(row.name):
        row = replace(row, op=next(iter(ops_of(row.name)), ""), value="")
    if data.get(f"{key}-was", row.what) != row.what:
        row = replace(row, value="")
    return row


def _press(draft: Draft, button: str) -> Draft:
    name, _sep, rest = button.partition(":")
    place = [int(part) for part in rest.split(":") if part.isdecimal() and len(part) < 4]
    groups = list(draft.groups)
    if name == "add-group" and len(groups) < MOST_GROUPS:
        groups.append(Group())
    elif name == "del-group" and place and place[0] < len(groups) > 1:
        del groups[place[0]]
    elif name == "add-row" and place and place[0] < len(groups):
        group = groups[place[0]]
        groups[place[0]] = replace(group, rows=(*group.rows, Row())[:MOST_ROWS])
    elif name == "del-row" and len(place) == 2 and place[0] < len(groups):
        group = groups[place[0]]
        rows = tuple(row for number, row in enumerate(group.rows) if number != place[1])
        groups[place[0]] = replace(group, rows=rows)
        if not rows and len(groups) > 1:
            del groups[place[0]]
    return replace(draft, groups=tuple(groups))


def _mode(text: str | None) -> str:
    return text if text in MODES else "all"


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 4 else 0


# Draft → definition ----------------------------------------------------------------------------


def definition(draft: Draft) -> dict[str, Any]:
    """The JSON of the tree; what is wrong in it is for the segments module to say."""
    groups = [{group.mode: [_node(row) for row in group.rows]} for group in draft.groups]
    root = groups[0] if len(groups) == 1 else {draft.mode: groups}
    return {"version": 1, "root": root}


def _node(row: Row) -> dict[str, Any]:
    if row.kind == "tag":
        return {"tag": {"name": row.value, "has": row.op != "has_not"}}
    if row.kind == "fact":
        body: dict[str, Any] = {"name": row.name, "happened": row.op != "not"}
        body["at_least"] = _whole(row.at_least or "1")
        if row.days:
            body["days"] = _whole(row.days)
        return {"fact": body}
    if row.kind == "segment":
        return {"segment": {"id": _whole(row.value), "member": row.op != "not"}}
    value = None if shape_of(row) == "none" else row.value
    return {"trait": {"field": row.name, "op": row.op, "value": value}}


def _whole(text: str) -> int | str:
    return int(text) if text.strip().isdecimal() and len(text) < 19 else text


def with_problems(draft: Draft, problems: Mapping[str, object], *, empty_too: bool = True) -> Draft:
    """The draft with each problem at its row; paths are those of the segments module.

    While somebody is still filling in, a row without a value is no mistake yet (``empty_too`` False).
    """
    single = len(draft.groups) == 1
    groups = []
    for index, group in enumerate(draft.groups):
        start = f"root.{group.mode}" if single else f"root.{draft.mode}.{index}.{group.mode}"
        rows = []
        for number, row in enumerate(group.rows):
            found = next(
                (str(text) for path, text in problems.items() if f"{path}.".startswith(f"{start}.{number}.")),
                "",
            )
            waiting = not row.value and row.kind != "fact" and not empty_too
            rows.append(replace(row, problem="" if waiting else found))
        groups.append(replace(group, rows=tuple(rows)))
    return replace(draft, groups=tuple(groups))


# Definition → draft ----------------------------------------------------------------------------


def from_definition(found: Mapping[str, Any]) -> Draft | None:
    """The form of a stored definition; None where its shape does not fit the form."""
    root = found.get("root", {})
    mode, nodes = _group_of(root)
    if mode is None:
        row = _row(root)
        return Draft("all", (Group("all", (row,)),)) if row else None
    inner = [_group_of(node) for node in nodes]
    if all(kind is None for kind, _nodes in inner):
        rows = [_row(node) for node in nodes]
        return None if None in rows else Draft("all", (Group(mode, tuple(row for row in rows if row)),))
    groups = []
    for node, (kind, children) in zip(nodes, inner, strict=True):
        rows = [_row(child) for child in (children if kind else [node])]
        if None in rows:
            return None
        groups.append(Group(kind or "all", tuple(row for row in rows if row)))
    return Draft(mode, tuple(groups))


def _group_of(node: Mapping[str, Any]) -> tuple[str | None, list[Mapping[str, Any]]]:
    for mode in MODES:
        if mode in node:
            return mode, list(node[mode])
    return None, []


def _row(node: Mapping[str, Any]) -> Row | None:
    nothing: dict[str, Any] = {}
    kind, body = next(iter(node.items()), ("", nothing))
    if kind == "tag":
        return Row("tag", "has" if body.get("has", True) else "has_not", body["name"])
    if kind == "segment":
        return Row("segment", "is" if body.get("member", True) else "not", str(body["id"]))
    if kind == "fact" and not body.get("where"):
        happened = "is" if body.get("happened", True) else "not"
        return Row(
            f"fact:{body['name']}",
            happened,
            at_least=str(body.get("at_least", 1)),
            days=str(body.get("days") or ""),
        )
    if kind == "trait" and body["op"] in ops_of(body["field"]):
        row = Row(f"trait:{body['field']}", body["op"])
        return replace(row, value=_shown(body.get("value"), shape_of(row)))
    return None


def _shown(value: Any, shape: str) -> str:
    if value is None:
        return ""
    if shape == "money" and isinstance(value, int):
        return format_plain(value, brand().currency)
    if shape == "date":
        moment = datetime.fromisoformat(str(value))
        return (timezone.localtime(moment) if moment.tzinfo else moment).strftime("%Y-%m-%d")
    return str(value)
