"""客户分群: segments with live counts, the form that builds one, its members and why."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.insights.cards import api as cards
from siyu.insights.segments import api as segments
from siyu.interfaces.console import builder, columns
from siyu.interfaces.console.views import params
from siyu.interfaces.console.views.customers import people_in, stores_in
from siyu.interfaces.ui.api import ALL, OPERATIONS, Visit, rule, see_other, visit
from siyu.kit.errors import BadInput, Conflict
from siyu.records.customers import api as customers

VIEWERS = ALL - {Role.CLERK}
BUILDERS = OPERATIONS | {Role.ANALYST}


@rule(roles=VIEWERS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """All segments with their members in scope."""
    seen = visit(request)
    context = {
        "segments": segments.segments(scope=seen.scope),
        "may_build": seen.principal.role in BUILDERS,
    }
    return render(request, "console/segments.html", context)


@rule(roles=VIEWERS)
@require_GET
def one(request: HttpRequest, segment_id: int) -> HttpResponse:
    """One segment: its rule in words, its members in scope."""
    seen = visit(request)
    segment = segments.get_segment(segment_id, scope=seen.scope)
    search = request.GET.get("q", "").strip()[:100]
    wanted = request.GET.get("sort", "")
    sort = wanted if wanted.removeprefix("-") in columns.SORTS else ""
    page = segments.members(
        segment_id, scope=seen.scope, at=seen.at, page=params.page_number(request), sort=sort, search=search
    )
    context = {
        "segment": segment,
        "words": segments.in_words(segment.definition),
        "page": page,
        "search": search,
        "sort": sort,
        "columns": columns.chosen([]),
        "may_build": seen.principal.role in BUILDERS,
    }
    return render(request, "console/segment.html", context)


def _choices(seen: Visit) -> dict[str, Any]:
    """What the form offers: fields, facts, tags, segments, stores, employees."""
    return {
        "traits": [one for one in cards.card_fields if one.kind != cards.FieldKind.TAGS],
        "fact_types": [
            (name, kind.label)
            for name, kind in facts.CATALOGUE.items()
            if kind.timeline and not name.startswith("segment.")
        ],
        "tags": customers.tag_names(),
        "others": segments.segments(scope=seen.scope),
        "stores": stores_in(seen),
        "employees": people_in(seen),
    }


def _drawn(draft: builder.Draft) -> list[dict[str, Any]]:
    """The draft's groups and rows with what each row's fields need."""
    return [
        {
            "mode": group.mode,
            "rows": [
                {
                    "row": row,
                    "shape": builder.shape_of(row),
                    "ops": [(op.value, cards.OP_LABELS[op]) for op in builder.ops_of(row.name)],
                    "choices": cards.FIELDS[row.name].choices.items() if row.name in cards.FIELDS else (),
                }
                for row in group.rows
            ],
        }
        for group in draft.groups
    ]


def _count(
    seen: Visit, draft: builder.Draft, *, saving: bool = False
) -> tuple[builder.Draft, dict[str, Any]]:
    """How many people the draft holds now, or what is wrong with it and where."""
    try:
        found = segments.preview_count(builder.definition(draft), scope=seen.scope, at=seen.at)
    except BadInput as error:
        return builder.with_problems(draft, error.fields, empty_too=saving), {"problem": str(error)}
    people = cards.cards_by_id(found.sample[:6], at=seen.at, scope=seen.scope)
    return draft, {"preview": found, "sample": list(people.values())}


@rule(roles=BUILDERS)
@require_POST
def form_part(request: HttpRequest) -> HttpResponse:
    """The conditions anew after a change, with the live count; nothing is stored."""
    seen = visit(request)
    draft, count = _count(seen, builder.read(request.POST))
    context = {"draft": draft, "groups": _drawn(draft), **_choices(seen), **count}
    return render(request, "console/parts/builder.html", context)


@rule(roles=BUILDERS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Build a segment."""
    return _form(request, None)


@rule(roles=BUILDERS)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Change a segment; a changed rule is a new version."""
    return _form(request, segments.get_segment(segment_id, scope=visit(request).scope))


def _form(request: HttpRequest, segment: segments.SegmentView | None) -> HttpResponse:
    seen = visit(request)
    problem = ""
    name, description = (segment.name, segment.description) if segment else ("", "")
    draft = builder.from_definition(segment.definition) if segment else builder.Draft()
    if request.method == "POST":
        name, description = request.POST.get("name", "")[:200], request.POST.get("description", "")[:2000]
        if draft is not None:
            draft = builder.read(request.POST)
        try:
            saved = _save(seen, segment, name, description, draft)
        except (BadInput, Conflict) as error:
            problem = str(error)
        else:
            messages.success(request, _("Saved. Members are counted."))
            return see_other(request, reverse("console:segment", args=[saved.id]))
    count: dict[str, Any] = {}
    if draft is not None and (segment or request.method == "POST"):
        draft, count = _count(seen, draft, saving=bool(problem))
    context = {
        "segment": segment,
        "name": name,
        "description": description,
        "draft": draft,
        "groups": _drawn(draft) if draft else [],
        "raw": json.dumps(segment.definition, ensure_ascii=False, indent=1)
        if segment and draft is None
        else "",
        **_choices(seen),
        **count,
        "refused": problem,
    }
    return render(request, "console/segment_form.html", context, status=422 if problem else 200)


def _save(
    seen: Visit,
    segment: segments.SegmentView | None,
    name: str,
    description: str,
    draft: builder.Draft | None,
) -> segments.SegmentView:
    by = seen.principal
    definition = builder.definition(draft) if draft is not None else None
    with foundation.savepoint():
        if segment is None:
            return segments.create_segment(name, definition or {}, by=by, at=seen.at, description=description)
        return segments.update_segment(
            segment.id, by=by, at=seen.at, name=name, description=description, definition=definition
        )


@rule(roles=BUILDERS)
@require_POST
def archive(request: HttpRequest, segment_id: int) -> HttpResponse:
    """Stop keeping a segment; who was in it stays readable."""
    seen = visit(request)
    segment = segments.get_segment(segment_id, scope=seen.scope)
    segments.archive_segment(segment.id, by=seen.principal, at=seen.at)
    messages.success(request, _("Archived. Journeys that watch it hear nothing any more."))
    return see_other(request, reverse("console:segments"))
