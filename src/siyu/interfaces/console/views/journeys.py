"""自动化 / 客户SOP: journeys, people per step, versions, pause and resume, and the editor of steps."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.insights.segments import api as segments
from siyu.interfaces.console import steps
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import ALL, OPERATIONS, Visit, rule, see_other, visit
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.customers import api as customers

VIEWERS = ALL - {Role.CLERK}
Definition = dict[str, Any]


@rule(roles=VIEWERS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """All journeys with their people."""
    seen = visit(request)
    context = {
        "journeys": journeys.journeys(archived=request.GET.get("archived") == "1"),
        "archived": request.GET.get("archived") == "1",
        "may_edit": seen.principal.role in OPERATIONS,
    }
    return render(request, "console/journeys.html", context)


def _entry_words(seen: Visit, definition: Mapping[str, Any]) -> dict[str, Any]:
    entry = definition.get("entry", {})
    segment_id = (entry.get("where") or {}).get("segment_id")
    watched = segments.segments(scope=seen.scope) if segment_id else []
    return {
        "fact": _fact_word(entry.get("fact", "")),
        "segment": next((one.name for one in watched if one.id == segment_id), ""),
        "where": {} if segment_id else entry.get("where") or {},
        "days": (definition.get("reentry") or {}).get("days"),
        "exits": [_fact_word(name) for name in definition.get("exit_on") or ()],
    }


def _fact_word(name: str) -> object:
    known = facts.CATALOGUE.find(name)
    return known.label if known else name


def _drawn(version: journeys.VersionView) -> list[dict[str, Any]]:
    """Steps in order, with people, parameters in words and where each leads."""
    raw = list(version.definition.get("steps", ()))
    labels = {step["id"]: step.get("label") or step["id"] for step in raw}
    counts = {one.step_id: one for one in version.steps}
    kinds = {one.type: one for one in journeys.step_types()}
    drawn = []
    for index, step in enumerate(raw):
        following = raw[index + 1]["id"] if index + 1 < len(raw) else ""
        jump = step.get("next") if step.get("next") not in (None, following) else None
        ways = [
            (case.get("label") or _("fits"), labels.get(case.get("next"), ""))
            for case in step.get("cases", ())
        ]
        if step.get("otherwise"):
            late = _("else") if step["type"] == "branch" else _("too late")
            ways.append((late, labels.get(step["otherwise"], "")))
        kind = kinds.get(step["type"])
        drawn.append(
            {
                "id": step["id"],
                "type": step["type"],
                "kind": kind.label if kind else step["type"],
                "icon": steps.ICONS.get(step["type"], "point"),
                "label": step.get("label") or step["id"],
                "params": _param_words(step),
                "ways": ways,
                "jump": labels.get(jump, "") if jump else "",
                "counts": counts.get(step["id"]),
            }
        )
    return drawn


def _param_words(step: Mapping[str, Any]) -> list[tuple[object, object]]:
    found: list[tuple[object, object]] = []
    for one in steps.filled(step["type"], step.get("params") or {}):
        if one.value:
            words = dict(one.choices)
            found.append((one.label, words.get(one.value, one.value)))
    return found


@rule(roles=VIEWERS)
@require_GET
def one(request: HttpRequest, journey_id: int) -> HttpResponse:
    """One journey: a version's steps with people per step, who is inside, who did not enter."""
    seen = visit(request)
    journey = journeys.get_journey(journey_id)
    versions = journeys.versions(journey_id)
    wanted = params.number(request.GET.get("version"))
    if wanted is not None and wanted not in {each.number for each in versions}:
        raise NotFound("journey.version")
    shown = journeys.get_version(journey_id, wanted)
    state = params.one_of(request.GET.get("state"), [each.value for each in journeys.EnrolmentState])
    page = journeys.enrolments(
        seen.scope,
        journey_id=journey_id,
        step_id=request.GET.get("step", "")[:40],
        state=journeys.EnrolmentState(state) if state else None,
        number=params.page_number(request),
    )
    tab = params.one_of(request.GET.get("tab"), ["people", "skips"], "people")
    skips = journeys.skips(journey_id, scope=seen.scope) if tab == "skips" else None
    known = {each.customer_id for each in page.items}
    known |= {each.customer_id for each in skips.items if each.customer_id} if skips else set()
    context = {
        "journey": journey,
        "versions": versions,
        "version": shown,
        "steps": _drawn(shown),
        "entry": _entry_words(seen, shown.definition),
        "page": page,
        "skips": skips,
        "tab": tab,
        "step": request.GET.get("step", ""),
        "people": customers.profiles(known),
        "may_edit": seen.principal.role in OPERATIONS,
    }
    return render(request, "console/journey.html", context)


@rule(roles=OPERATIONS)
@require_POST
def act(request: HttpRequest, journey_id: int) -> HttpResponse:
    """Pause, resume, publish, archive, or let the stuck try again."""
    seen = visit(request)
    journeys.get_journey(journey_id)
    name = request.POST.get("act", "")
    if name == "pause":
        journeys.pause(journey_id, at=seen.at, by=seen.principal)
        text = _("Paused: nobody enters and nobody moves until you resume.")
    elif name == "resume":
        journeys.resume(journey_id, at=seen.at, by=seen.principal)
        text = _("Running again from where everybody stands.")
    elif name == "publish":
        number = journeys.publish(journey_id, at=seen.at, by=seen.principal)
        text = _("Version %(n)s is live. Who is inside stays on the version they entered.") % {"n": number}
    elif name == "retry":
        count = journeys.retry_errors(journey_id, at=seen.at)
        text = _("%(n)s people try their step again.") % {"n": count}
    elif name == "archive":
        count = journeys.archive(journey_id, at=seen.at, by=seen.principal)
        text = _("Archived; %(n)s runs were ended.") % {"n": count}
    else:
        raise BadInput("journey.act", _("Reload the page and try again."))
    messages.success(request, text)
    return see_other(request, reverse("console:journey", args=[journey_id]))


# The editor --------------------------------------------------------------------------------------


def _draft(journey_id: int) -> Definition:
    journey = journeys.get_journey(journey_id)
    return deepcopy(
        dict(journeys.get_version(journey_id, journey.draft_version or journey.live_version).definition)
    )


@rule(roles=OPERATIONS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Begin a journey: a name and what lets people in; the steps follow."""
    seen = visit(request)
    problem, name = "", ""
    if request.method == "POST":
        name = request.POST.get("name", "").strip()
        definition = _frame(request, {"steps": [{"id": "end", "type": "end", "label": _("End")}]})
        try:
            if not name:
                raise BadInput("journey.name", _("Enter a name."))
            with foundation.savepoint():
                journey_id = journeys.create_journey(name, definition, at=seen.at, by=seen.principal)
        except (BadInput, Conflict) as error:
            problem = _words(error)
        else:
            return see_other(request, reverse("console:journey-edit", args=[journey_id]))
    context = {"name": name, "problem": problem, "definition": {}, **_frame_choices(seen)}
    return render(request, "console/journey_new.html", context, status=422 if problem else 200)


def _words(error: BadInput | Conflict) -> str:
    fields = getattr(error, "fields", {})
    return " ".join(str(text) for text in fields.values()) or str(error)


def _frame_choices(seen: Visit) -> dict[str, Any]:
    return {"fact_choices": steps.fact_choices(), "segments": segments.segments(scope=seen.scope)}


def _frame(request: HttpRequest, definition: Definition) -> Definition:
    """The definition with entry, re-entry and exits as typed; filters of an unchanged entry stay."""
    fact = request.POST.get("fact", "")
    before = definition.get("entry") or {}
    entry: dict[str, Any] = {**(before if before.get("fact") == fact else {}), "fact": fact}
    if fact in ("segment.entered", "segment.left"):
        segment_id = params.number(request.POST.get("segment"))
        entry["where"] = {"segment_id": segment_id} if segment_id else {}
    days = request.POST.get("days", "").strip()
    return {
        **definition,
        "entry": entry,
        "reentry": {"days": params.number(days) if days else None},
        "exit_on": [name for name in request.POST.getlist("exit") if name in journeys.HEARD],
    }


@rule(roles=OPERATIONS)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, journey_id: int) -> HttpResponse:
    """The draft: name, who comes in, what ends it, and the steps in order."""
    seen = visit(request)
    journey = journeys.get_journey(journey_id)
    definition, problem, name = _draft(journey_id), "", journey.name
    if request.method == "POST":
        name = request.POST.get("name", "").strip()[:100]
        definition = _frame(request, definition)
        problem = _store(seen, journey_id, definition, name or journey.name)
        if not problem:
            messages.success(request, _("The draft is saved. Publish it to make it live."))
            return see_other(request, reverse("console:journey-edit", args=[journey_id]))
    version = journeys.get_version(journey_id, journey.draft_version or journey.live_version)
    context = {
        "journey": journey,
        "name": name,
        "definition": definition,
        "steps": _drawn(version),
        "types": journeys.step_types(),
        "problem": problem,
        **_frame_choices(seen),
    }
    return render(request, "console/journey_edit.html", context, status=422 if problem else 200)


def _store(seen: Visit, journey_id: int, definition: Definition, name: str | None = None) -> str:
    try:
        with foundation.savepoint():
            journeys.save_draft(journey_id, definition, at=seen.at, by=seen.principal, name=name)
    except (BadInput, Conflict) as error:
        return _words(error)
    return ""


def _free_id(kind: str, found: list[dict[str, Any]]) -> str:
    taken = {each["id"] for each in found}
    number = 1
    while f"{kind}_{number}" in taken:
        number += 1
    return f"{kind}_{number}"


@rule(roles=OPERATIONS)
@require_http_methods(["GET", "POST"])
def step(request: HttpRequest, journey_id: int, step_id: str = "") -> HttpResponse:
    """One step: its fields. Without an id a new one of ``type`` that comes after ``after``."""
    seen = visit(request)
    journey = journeys.get_journey(journey_id)
    definition = _draft(journey_id)
    found: list[dict[str, Any]] = definition["steps"]
    place = next((index for index, each in enumerate(found) if each["id"] == step_id), None)
    if step_id and place is None:
        raise NotFound("journey.step")
    kinds = {each.type: each for each in journeys.step_types()}
    stored = found[place] if place is not None else None
    kind = stored["type"] if stored else (request.POST.get("type") or request.GET.get("type") or "")
    if kind not in kinds:
        raise NotFound("journey.step_type")
    own: Mapping[str, object] = {}
    rest: list[str] = []
    values = dict(stored.get("params") or {}) if stored else None
    edited = stored
    if request.method == "POST":
        values = steps.typed(kind, request.POST)
        edited = {**(stored or {"id": _free_id(kind, found), "type": kind}), "params": values}
        index, rest = _put(request, definition, edited, place)
        if not rest:
            errors = _errors(seen, journey_id, definition)
            if not errors:
                messages.success(request, _("The draft is saved. Publish it to make it live."))
                return see_other(request, reverse("console:journey-edit", args=[journey_id]))
            own, rest = steps.problems_of(errors, index)
    context = {
        "journey": journey,
        "step": edited,
        "new": stored is None,
        "type": kinds[kind],
        "after": request.POST.get("after") or request.GET.get("after") or "",
        "inputs": steps.filled(kind, values, own),
        "branch": steps.branch_of(edited or {}) if kind == "branch" else None,
        "others": [each for each in found if each["id"] != step_id],
        "fact_choices": steps.fact_choices(),
        "segments": segments.segments(scope=seen.scope),
        "rest": rest,
    }
    return render(request, "console/journey_step.html", context, status=422 if own or rest else 200)


def _put(
    request: HttpRequest, definition: Definition, edited: dict[str, Any], place: int | None
) -> tuple[int, list[str]]:
    """Lay the edited step into the definition; returns where, and what could not be read."""
    edited["label"] = request.POST.get("label", "").strip()[:60]
    if not edited["params"]:
        edited.pop("params")
    problems: list[str] = []
    if edited["type"] == "branch":
        try:
            edited["cases"], edited["otherwise"] = steps.typed_branch(request.POST)
        except ValueError:
            problems.append(_("The cases are not valid JSON."))
    if edited["type"] == "wait_for" and request.POST.get("otherwise"):
        edited["otherwise"] = request.POST["otherwise"]
    jump = request.POST.get("next", "")
    if jump:
        edited["next"] = jump
    else:
        edited.pop("next", None)
    found: list[dict[str, Any]] = definition["steps"]
    if place is not None:
        found[place] = edited
        return place, problems
    after = next((index for index, each in enumerate(found) if each["id"] == request.POST.get("after")), -1)
    found.insert(after + 1, edited)
    return after + 1, problems


def _errors(seen: Visit, journey_id: int, definition: Definition) -> Mapping[str, object]:
    try:
        with foundation.savepoint():
            journeys.save_draft(journey_id, definition, at=seen.at, by=seen.principal)
    except BadInput as error:
        return error.fields or {"": str(error)}
    except Conflict as error:
        return {"": str(error)}
    return {}


@rule(roles=OPERATIONS)
@require_POST
def step_act(request: HttpRequest, journey_id: int, step_id: str) -> HttpResponse:
    """Move a step up or down, or take it out."""
    seen = visit(request)
    definition = _draft(journey_id)
    found: list[dict[str, Any]] = definition["steps"]
    place = next((index for index, each in enumerate(found) if each["id"] == step_id), None)
    if place is None:
        raise NotFound("journey.step")
    name = request.POST.get("act")
    if name == "delete":
        found.pop(place)
    else:
        other = place + (1 if name == "down" else -1)
        if 0 <= other < len(found):
            found[place], found[other] = found[other], found[place]
    problem = _store(seen, journey_id, definition)
    if problem:
        messages.error(request, problem)
    else:
        messages.success(request, _("The draft is saved. Publish it to make it live."))
    return see_other(request, reverse("console:journey-edit", args=[journey_id]))


@rule(roles=VIEWERS)
@require_GET
def run(request: HttpRequest, journey_id: int, enrolment_id: int) -> HttpResponse:
    """The steps one person took."""
    seen = visit(request)
    found = journeys.get_enrolment(enrolment_id, scope=seen.scope)
    context = {
        "run": found,
        "steps": journeys.steps_taken(enrolment_id, scope=seen.scope),
        "person": customers.profiles([found.customer_id]).get(found.customer_id),
    }
    return render(request, "console/parts/run.html", context)
