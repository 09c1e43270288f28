"""订单导入: upload a file, look at what it would do, start, watch, stop, go on, fetch the bad rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from siyu.foundation.api import Role
from siyu.interfaces.console.ports import order_imports
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import OPERATIONS, PlainForm, rule, see_other, visit

IMPORTERS = OPERATIONS | {Role.ADMIN}


class UploadForm(PlainForm):
    """One file of orders."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV, text or XLSX; UTF-8 or GB18030. Nothing is written before you have seen a preview."
        ),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,.txt,.tsv,.xlsx"}),
        allow_empty_file=True,
    )


@rule(roles=IMPORTERS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """All imports, newest first."""
    page = order_imports().imports(page=params.page_number(request))
    return render(request, "console/imports.html", {"page": page})


@rule(roles=IMPORTERS)
@require_http_methods(["GET", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take a file in and go on to its preview."""
    seen = visit(request)
    form = UploadForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        file_id = order_imports().upload(file.chunks(), file.name, at=seen.at)
        return see_other(request, reverse("console:import-preview", args=[file_id]))
    return render(request, "console/import_new.html", {"form": form}, status=422 if form.errors else 200)


def _asked(request: HttpRequest) -> dict[str, Any]:
    """Preset, mapping and date shift as chosen so far; an untouched mapping is left to the preset."""
    port = order_imports()
    source = request.POST if request.method == "POST" else request.GET
    names = [one.name for one in port.presets()]
    preset = params.one_of(source.get("preset"), names, names[-1] if "generic" not in names else "generic")
    same = source.get("preset_before", preset) == preset
    mapping = {one.name: source[f"map_{one.name}"] for one in port.fields() if source.get(f"map_{one.name}")}
    return {
        "preset": preset,
        "mapping": mapping if mapping and same else None,
        "shift_days": params.number(source.get("shift_days")) if same else None,
    }


def _telling(rows: Sequence[Any]) -> list[Any]:
    """Twenty rows in the order of the file, those with a problem before others."""
    chosen = sorted(range(len(rows)), key=lambda place: (not rows[place].problem, place))[:20]
    return [rows[place] for place in sorted(chosen)]


@rule(roles=IMPORTERS)
@require_http_methods(["GET", "POST"])
def preview(request: HttpRequest, file_id: int) -> HttpResponse:
    """What the file would do under a preset and mapping; POST with ``start`` begins the import."""
    seen = visit(request)
    port, asked = order_imports(), _asked(request)
    if request.method == "POST" and "start" in request.POST:
        import_id = port.start_import(file_id, by=seen.principal, at=seen.at, **asked)
        messages.success(request, _("The import has started. You may leave this page."))
        return see_other(request, reverse("console:import", args=[import_id]))
    found = port.preview(file_id, at=seen.at, rows=200, **asked)
    context = {
        "file_id": file_id,
        "asked": asked,
        "preview": found,
        "presets": port.presets(),
        "fields": [(one, found.mapping.get(one.name, "")) for one in port.fields()],
        "missing": [one.label for one in port.fields() if one.name in found.missing],
        "shown": _telling(found.rows),
    }
    part = (
        "console/parts/import_preview.html"
        if request.headers.get("HX-Request")
        else "console/import_preview.html"
    )
    return render(request, part, context)


@rule(roles=IMPORTERS)
@require_GET
def one(request: HttpRequest, import_id: int) -> HttpResponse:
    """One import; HTMX asks for the progress alone."""
    status = order_imports().import_status(import_id)
    part = "console/parts/import_status.html" if request.headers.get("HX-Request") else "console/import.html"
    return render(request, part, {"one": status})


@rule(roles=IMPORTERS)
@require_POST
def stop(request: HttpRequest, import_id: int) -> HttpResponse:
    """Stop after the chunk under way."""
    seen = visit(request)
    order_imports().stop_import(import_id, by=seen.principal, at=seen.at)
    messages.success(request, _("Stopping. What is written stays; you can go on later."))
    return see_other(request, reverse("console:import", args=[import_id]))


@rule(roles=IMPORTERS)
@require_POST
def resume(request: HttpRequest, import_id: int) -> HttpResponse:
    """Go on where it stopped."""
    seen = visit(request)
    order_imports().resume_import(import_id, by=seen.principal, at=seen.at)
    messages.success(request, _("Going on where it stopped."))
    return see_other(request, reverse("console:import", args=[import_id]))


@rule(roles=IMPORTERS)
@require_GET
def quarantine(request: HttpRequest, import_id: int) -> HttpResponseBase:
    """The rows that were not accepted, with their reasons, as CSV."""
    lines = order_imports().quarantine_csv(import_id)
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    name = _("bad rows of %(file)s") % {"file": order_imports().import_status(import_id).file_name}
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name.rsplit('.', 1)[0])}.csv"
    return answer
