"""连接: every outside system through its set-up descriptor: fields, live checks, last errors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from siyu.foundation import api as foundation
from siyu.interfaces.ui.api import ADMINS, rule, see_other, visit
from siyu.kit.errors import BadInput, NotFound


@dataclass(frozen=True)
class Detail:
    """One line about a connection; times and paths are shown as such."""

    label: object
    text: str
    moment: datetime | None = None
    path: bool = False


def _detail(request: HttpRequest, label: object, text: str) -> Detail:
    moment = parse_datetime(text) if text[:4].isdigit() and "T" in text else None
    if moment is not None:
        return Detail(label, text, moment if moment.tzinfo else timezone.make_aware(moment))
    if text.startswith("/"):
        return Detail(label, request.build_absolute_uri(text), path=True)
    return Detail(label, text)


def _setup(kind: str) -> foundation.Setup:
    found = foundation.SETUPS.find(kind)
    if found is None:
        raise NotFound("connection.not_found")
    return found


def _status(setup: foundation.Setup, key: str) -> foundation.SetupStatus:
    found = next((one for one in setup.statuses() if one.key == key), None)
    if found is None:
        raise NotFound("connection.not_found")
    return found


@rule(roles=ADMINS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """All kinds of connection with what is connected."""
    kinds = [
        {
            "kind": kind,
            "label": setup.label,
            "statuses": [
                (status, [_detail(request, label, text) for label, text in status.details])
                for status in setup.statuses()
            ],
        }
        for kind, setup in foundation.SETUPS.items()
    ]
    return render(request, "console/connections.html", {"kinds": kinds})


@rule(roles=ADMINS)
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, kind: str, key: str = "") -> HttpResponse:
    """The form of one connection; secrets are never shown and stay when their field is left empty."""
    seen = visit(request)
    setup = _setup(kind)
    status = _status(setup, key) if key else None
    problems: dict[str, object] = {}
    typed: dict[str, str] = {}
    problem = ""
    if request.method == "POST":
        typed = {field.name: request.POST.get(field.name, "")[:4000] for field in setup.fields(key)}
        try:
            saved = setup.save(typed, key=key, at=seen.at, by=seen.principal)
        except BadInput as error:
            problems, problem = error.fields, "" if error.fields else str(error)
        else:
            messages.success(request, _("Saved. Run the checks to see whether it works."))
            return see_other(request, reverse("console:connection", args=[kind, saved]))
    fields = [
        {
            "field": field,
            "value": "" if field.kind == "secret" else typed.get(field.name, field.value),
            "problem": problems.get(field.name),
        }
        for field in setup.fields(key)
    ]
    context = {
        "kind": kind,
        "label": setup.label,
        "status": status,
        "details": [_detail(request, label, text) for label, text in status.details] if status else [],
        "fields": fields,
        "problem": problem,
    }
    failed = bool(problems or problem)
    return render(request, "console/connection.html", context, status=422 if failed else 200)


@rule(roles=ADMINS)
@non_atomic_requests  # it speaks HTTP, and nobody may hold a transaction open meanwhile
@require_POST
def check(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Ask the other system now; each check says what to do where it fails."""
    seen = visit(request)
    setup = _setup(kind)
    _status(setup, key)
    return render(request, "console/parts/checks.html", {"checks": setup.check(key, at=seen.at)})


@rule(roles=ADMINS)
@require_POST
def pull(request: HttpRequest, kind: str, key: str) -> HttpResponse:
    """Fetch everything anew in the background."""
    seen = visit(request)
    setup = _setup(kind)
    _status(setup, key)
    setup.pull(key, at=seen.at, by=seen.principal)
    messages.success(request, _("Fetching in the background; see Background work."))
    return see_other(request, reverse("console:connection", args=[kind, key]))
