"""The journey editor's forms: fields of each kind of step ↔ its parameters in the definition."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.actions.effects import api as effects
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.interfaces.console.views.params import json_value, number

ICONS = {
    "wait": "clock",
    "wait_for": "hourglass",
    "branch": "arrows-split-2",
    "end": "flag",
    "message": "message",
    "task": "checklist",
    "tag": "tag",
    "untag": "tag-off",
    "points": "coins",
}


@dataclass(frozen=True)
class Input:
    """One field as drawn: its kind decides the control; ``value`` is what was typed or is stored."""

    name: str
    label: str | Promise
    kind: str
    value: str = ""
    required: bool = True
    help: str | Promise = ""
    choices: Sequence[tuple[str, str | Promise]] = ()
    minimum: int | None = None
    maximum: int | None = None
    problem: str = ""


def fact_choices() -> list[tuple[str, str | Promise]]:
    """Facts a journey can hear, with their names."""
    return [(name, facts.CATALOGUE.get(name).label) for name in journeys.HEARD if name in facts.CATALOGUE]


def _flow(kind: str) -> list[Input]:
    if kind == "wait":
        return [
            Input("days", _("Days"), "number", required=False, minimum=0),
            Input("hours", _("Hours"), "number", required=False, minimum=0),
            Input("minutes", _("Minutes"), "number", required=False, minimum=0),
            Input(
                "at",
                _("Then until this time of day"),
                "time",
                required=False,
                help=_("Only with whole days."),
            ),
        ]
    if kind == "wait_for":
        return [
            Input("fact", _("Wait until this happens"), "choice", choices=fact_choices()),
            Input("days", _("At most days"), "number", required=False, minimum=0),
            Input("hours", _("At most hours"), "number", required=False, minimum=0),
        ]
    return []


def _of_effect(field: effects.Field) -> Input:
    choices = list(field.choices()) if field.choices else []
    return Input(
        field.name,
        field.label,
        field.kind.value,
        value="" if field.default is None else str(field.default),
        required=field.required,
        help=field.help,
        choices=choices,
        minimum=field.minimum,
        maximum=field.maximum,
    )


def inputs(kind: str) -> list[Input]:
    """The fields of one kind of step."""
    effect = effects.EFFECTS.find(kind)
    return [_of_effect(field) for field in effect.fields] if effect is not None else _flow(kind)


def filled(
    kind: str, params: Mapping[str, Any] | None, problems: Mapping[str, object] | None = None
) -> list[Input]:
    """The fields with stored (or typed) values and what is wrong with each."""
    found = []
    for one in inputs(kind):
        value = one.value if params is None else params.get(one.name, "")
        text = "" if value is None else ("on" if value is True else "" if value is False else str(value))
        problem = str((problems or {}).get(one.name, ""))
        found.append(Input(**{**one.__dict__, "value": text, "problem": problem}))
    return found


def typed(kind: str, data: QueryDict) -> dict[str, Any]:
    """Parameters from what was typed; numbers become numbers, empty optional fields stay out."""
    params: dict[str, Any] = {}
    for one in inputs(kind):
        text = data.get(f"p-{one.name}", "").strip()
        if one.kind == "flag":
            params[one.name] = text == "on"
        elif text == "":
            continue
        elif one.kind in ("number", "days"):
            whole = number(text)
            params[one.name] = text if whole is None else whole
        else:
            params[one.name] = text
    return params


# Branches: one case with one condition has a form; anything richer is edited as JSON ---------------


@dataclass(frozen=True)
class Branch:
    """A branch as the form shows it; ``raw`` is set where the form cannot."""

    label: str = ""
    kind: str = "happened"
    value: str = ""
    negate: bool = False
    next: str = ""
    otherwise: str = ""
    raw: str = ""


_KEYS = {"happened": "fact", "tag": "tag", "segment": "segment_id"}


def branch_of(step: Mapping[str, Any]) -> Branch:
    """The branch of a stored step."""
    cases = step.get("cases") or []
    otherwise = str(step.get("otherwise") or "")
    if not cases:
        return Branch(otherwise=otherwise)
    first = cases[0] if isinstance(cases[0], Mapping) else {}  # what was typed is shown again, sense or not
    when = first.get("when")
    condition = when[0] if isinstance(when, list) and len(when) == 1 else None
    key = _KEYS.get(str(condition.get("kind"))) if isinstance(condition, Mapping) else None
    if len(cases) == 1 and isinstance(condition, Mapping) and key and set(condition) <= {"kind", "not", key}:
        return Branch(
            str(first.get("label") or ""),
            str(condition["kind"]),
            str(condition.get(key, "")),
            bool(condition.get("not")),
            str(first.get("next") or ""),
            otherwise,
        )
    return Branch(otherwise=otherwise, raw=json.dumps(cases, ensure_ascii=False, indent=1))


def typed_branch(data: QueryDict) -> tuple[list[Any], str]:
    """Cases and the way of the rest; ValueError where JSON was typed that cannot be read."""
    otherwise = data.get("otherwise", "")
    if "cases" in data:
        found = json_value(str(data["cases"]))
        return (found if isinstance(found, list) else [found]), otherwise
    kind = data.get("b-kind", "happened")
    text = data.get(f"b-{kind}", "").strip()
    whole = number(text) if kind == "segment" else None
    value: Any = text if whole is None else whole
    condition: dict[str, Any] = {"kind": kind, _KEYS.get(kind, "fact"): value}
    if data.get("b-not"):
        condition["not"] = True
    case = {
        "label": data.get("b-label", "").strip()[:60],
        "when": [condition],
        "next": data.get("b-next", ""),
    }
    return [case], otherwise


def problems_of(errors: Mapping[str, object], index: int) -> tuple[dict[str, object], list[str]]:
    """Of all mistakes of a definition: those at this step's fields, and the rest in words."""
    start = f"steps[{index}]"
    own: dict[str, object] = {}
    rest: list[str] = []
    for place, text in errors.items():
        if place.startswith(f"{start}.params."):
            own[place.removeprefix(f"{start}.params.")] = text
        else:
            rest.append(str(text))
    return own, rest
