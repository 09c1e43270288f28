"""Read and check a journey's definition: the one door for page, API and defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects import api as effects
from siyu.decisions.journeys.contracts import (
    FLOW_STEPS,
    Case,
    Condition,
    Definition,
    Entry,
    Reentry,
    Step,
)
from siyu.decisions.journeys.heard import HEARD
from siyu.decisions.journeys.registry import PREDICATES
from siyu.decisions.journeys.rules.graph import check_graph
from siyu.decisions.journeys.rules.waiting import parse_clock
from siyu.kit.errors import BadInput

Errors = dict[str, object]
MAX_STEPS = 100
MAX_DAYS = 730
_ID = re.compile(r"[a-z][a-z0-9_]{0,39}")


def parse_definition(data: Any) -> Definition:
    """Turn JSON into a checked Definition.

    Raises BadInput whose ``fields`` map the place ("steps[2].params.text") to what is wrong there;
    all mistakes are named at once.
    """
    errors: Errors = {}
    if not isinstance(data, Mapping):
        raise BadInput(
            "journey.definition", _("A definition is an object."), fields={"": _("Not an object.")}
        )
    definition = _read(data, errors)
    if not errors:
        check_graph(definition.steps, errors)
    if errors:
        raise BadInput("journey.definition", _("The journey cannot run like this."), fields=errors)
    return definition


def load_definition(data: Mapping[str, Any]) -> Definition:
    """A definition that was checked when it was stored.

    What has become wrong since (a channel that is gone) is not a reason to stop everybody: the step
    itself fails for those who reach it, visibly.
    """
    return _read(data, {})


def _read(data: Mapping[str, Any], errors: Errors) -> Definition:
    for key in set(data) - {"entry", "reentry", "exit_on", "steps"}:
        errors[str(key)] = _("There is no such field.")
    entry = _entry(data.get("entry"), errors)
    reentry = _reentry(data.get("reentry"), errors)
    exits = _exits(data.get("exit_on"), errors)
    steps = _steps(data.get("steps"), errors)
    return Definition(entry, reentry, exits, steps)


def _entry(data: Any, errors: Errors) -> Entry:
    if not isinstance(data, Mapping) or data.get("fact") not in HEARD:
        errors["entry.fact"] = _("Choose what lets people in.")
        return Entry("")
    where = data.get("where") or {}
    if not _plain(where):
        errors["entry.where"] = _("A filter compares fields with plain values.")
        where = {}
    if data["fact"] == "segment.entered" and not isinstance(where.get("segment_id"), int):
        errors["entry.where"] = _("Choose the segment.")
    hours = data.get("max_age_hours", 72)
    if not _whole(hours, 1, 24 * 365):
        errors["entry.max_age_hours"] = _("Enter whole hours, at least 1.")
        hours = 72
    return Entry(data["fact"], dict(where), hours)


def _reentry(data: Any, errors: Errors) -> Reentry:
    if data is None:
        return Reentry()
    days = data.get("days") if isinstance(data, Mapping) else 0
    if days is not None and not _whole(days, 1, MAX_DAYS):
        errors["reentry.days"] = _("Enter whole days, at least 1, or leave it empty for once.")
        days = None
    return Reentry(days)


def _exits(data: Any, errors: Errors) -> tuple[str, ...]:
    names = data or []
    if not isinstance(names, list) or any(name not in HEARD for name in names):
        errors["exit_on"] = _("Choose what ends the journey from the list.")
        return ()
    return tuple(names)


def _steps(data: Any, errors: Errors) -> tuple[Step, ...]:
    if not isinstance(data, list) or not data:
        errors["steps"] = _("A journey needs at least one step.")
        return ()
    if len(data) > MAX_STEPS:
        errors["steps"] = _("At most %(limit)s steps.") % {"limit": MAX_STEPS}
        return ()
    ids = [item.get("id") if isinstance(item, Mapping) else None for item in data]
    steps = []
    for index, item in enumerate(data):
        place = f"steps[{index}]"
        if not isinstance(item, Mapping):
            errors[place] = _("A step is an object.")
            continue
        step_id = item.get("id")
        if not isinstance(step_id, str) or not _ID.fullmatch(step_id):
            errors[f"{place}.id"] = _("A step needs a short id of small letters, digits and _.")
            continue
        if ids.index(step_id) != index:
            errors[f"{place}.id"] = _("Two steps have this id.")
        following = ids[index + 1] if index + 1 < len(ids) else None
        steps.append(_step(item, step_id, following, place, errors))
    return tuple(steps)


def _step(item: Mapping[str, Any], step_id: str, following: Any, place: str, errors: Errors) -> Step:
    kind = item.get("type")
    params = item.get("params") or {}
    if not isinstance(params, Mapping):
        errors[f"{place}.params"] = _("Parameters are an object.")
        params = {}
    for key in set(item) - {"id", "type", "label", "params", "next", "holdout", "cases", "otherwise"}:
        errors[f"{place}.{key}"] = _("There is no such field.")
    holdout = item.get("holdout")
    if not isinstance(holdout, bool | None):
        errors[f"{place}.holdout"] = _("Choose yes or no.")
        holdout = None
    cases: tuple[Case, ...] = ()
    effect = effects.EFFECTS.find(str(kind))
    if kind == "wait":
        _check_wait(params, place, errors)
    elif kind == "wait_for":
        _check_wait_for(params, place, errors)
    elif kind == "branch":
        cases = _cases(item.get("cases"), place, errors)
    elif effect is not None:
        for name, message in effect.validate(params).items():
            errors[f"{place}.params.{name}"] = message
        params = effects.with_defaults(effect.fields, params)
        holdout = effect.promotional(params) if holdout is None else holdout
    elif kind not in FLOW_STEPS:
        errors[f"{place}.type"] = _("There is no such kind of step.")
    straight = kind not in ("branch", "end")
    following = _target(item.get("next", following))
    late = _target(item.get("otherwise", following if kind == "wait_for" else None))
    return Step(
        id=step_id,
        type=str(kind),
        label=str(item.get("label") or ""),
        params=dict(params),
        next=following if straight else None,
        holdout=bool(holdout) and effect is not None,
        cases=cases,
        otherwise=late if kind in ("branch", "wait_for") else None,
    )


def _target(value: Any) -> str | None:
    """The step something leads to; what is no text leads to no step that exists."""
    return None if value is None else str(value)


def _check_wait(params: Mapping[str, Any], place: str, errors: Errors) -> None:
    for key in set(params) - {"days", "hours", "minutes", "at"}:
        errors[f"{place}.params.{key}"] = _("There is no such field.")
    spans = {name: params.get(name) or 0 for name in ("days", "hours", "minutes")}
    for name, value in spans.items():
        if not _whole(value, 0, MAX_DAYS if name == "days" else 10_000):
            errors[f"{place}.params.{name}"] = _("Enter a whole number.")
            return
    clock = params.get("at")
    if clock:
        try:
            parse_clock(clock)
        except (ValueError, AttributeError):
            errors[f"{place}.params.at"] = _("Enter a time of day such as 10:00.")
        if spans["hours"] or spans["minutes"]:
            errors[f"{place}.params.at"] = _("With a time of day only whole days can be waited.")
    elif not any(spans.values()):
        errors[f"{place}.params.days"] = _("Say how long to wait.")


def _check_wait_for(params: Mapping[str, Any], place: str, errors: Errors) -> None:
    for key in set(params) - {"fact", "where", "days", "hours"}:
        errors[f"{place}.params.{key}"] = _("There is no such field.")
    if params.get("fact") not in HEARD:
        errors[f"{place}.params.fact"] = _("Choose what to wait for.")
    if not _plain(params.get("where") or {}):
        errors[f"{place}.params.where"] = _("A filter compares fields with plain values.")
    spans = [params.get(name) or 0 for name in ("days", "hours")]
    if not all(_whole(value, 0, 10_000) for value in spans) or not any(spans):
        errors[f"{place}.params.days"] = _("Say how long to wait at most.")


def _cases(data: Any, place: str, errors: Errors) -> tuple[Case, ...]:
    if not isinstance(data, list) or not data:
        errors[f"{place}.cases"] = _("A branch needs at least one case.")
        return ()
    cases = []
    for index, item in enumerate(data):
        here = f"{place}.cases[{index}]"
        when = item.get("when") if isinstance(item, Mapping) else None
        if not isinstance(when, list) or not when or not all(isinstance(each, Mapping) for each in when):
            errors[f"{here}.when"] = _("A case needs at least one condition.")
            continue
        conditions = [_condition(each, f"{here}.when[{n}]", errors) for n, each in enumerate(when)]
        cases.append(Case(tuple(conditions), str(item.get("next") or ""), str(item.get("label") or "")))
    return tuple(cases)


def _condition(item: Mapping[str, Any], place: str, errors: Errors) -> Condition:
    params = {key: value for key, value in item.items() if key not in ("kind", "not")}
    predicate = PREDICATES.find(str(item.get("kind")))
    if predicate is None:
        errors[f"{place}.kind"] = _("There is no such condition.")
    else:
        for name, message in predicate.validate(params).items():
            errors[f"{place}.{name}"] = message
    return Condition(str(item.get("kind")), params, bool(item.get("not", False)))


def _whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _plain(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(key, str) and isinstance(each, str | int | bool) for key, each in value.items()
    )


def definition_errors(data: Any) -> Mapping[str, object]:
    """What is wrong with a definition, by place; empty = it can be published."""
    try:
        parse_definition(data)
    except BadInput as error:
        return error.fields
    return {}
