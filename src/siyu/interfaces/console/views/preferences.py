"""Preferences: typed settings, each with the value in force, since when, and who set it."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from siyu.foundation import api as foundation
from siyu.interfaces.console.audit_details import setting_value
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import ADMINS, MANAGEMENT, rule, see_other, visit
from siyu.interfaces.ui.installation import forget as forget_brand
from siyu.kit.errors import BadInput, NotFound

SETTERS = ADMINS | MANAGEMENT


def typed(declared: foundation.SettingType, text: str) -> Any:
    """What was typed as the setting's own type; BadInput says what is expected."""
    if declared.type is bool:
        return text == "on"
    if declared.type is int:
        value = params.number(text)
        if value is None:
            raise BadInput("setting.number", _("Enter a whole number."))
        return value
    if declared.type in (list, dict, tuple):
        try:
            found = params.json_value(text)
        except ValueError as error:
            raise BadInput("setting.json", _("Enter valid JSON, as shown in the field.")) from error
        if not isinstance(found, declared.type):
            raise BadInput("setting.type", _("This setting takes another kind of value."))
        return found
    return text.strip()


def as_typed(value: Any) -> str:
    """A value the way its field shows it."""
    return json.dumps(value, ensure_ascii=False, indent=1) if isinstance(value, (list, dict)) else str(value)


@rule(roles=SETTERS)
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """All settings by group."""
    seen = visit(request)
    views = sorted(foundation.list_settings(at=seen.at), key=lambda one: one.type.group)
    groups = [(name, list(items)) for name, items in groupby(views, key=lambda one: one.type.group)]
    return render(request, "console/settings.html", {"groups": groups})


@rule(roles=SETTERS)
@require_http_methods(["GET", "POST"])
def one(request: HttpRequest, key: str) -> HttpResponse:
    """Change one setting, from now or from a later day on."""
    seen = visit(request)
    found = next((view for view in foundation.list_settings(at=seen.at) if view.type.key == key), None)
    if found is None:
        raise NotFound("setting.not_found")
    problem, text = "", as_typed(found.value)
    if request.method == "POST":
        text = request.POST.get("value", "")[:20_000]
        start = params.day(request.POST.get("from"))
        zone = timezone.get_current_timezone()
        since = datetime(start.year, start.month, start.day, tzinfo=zone) if start else None
        try:
            if start is None and request.POST.get("from"):
                raise BadInput("setting.day", _("Enter a day such as 2026-11-21."))
            if since is not None and since < seen.at:
                raise BadInput("setting.past", _("What has been stays; choose a later day."))
            foundation.set_setting(
                key, typed(found.type, text), at=seen.at, by=seen.principal, effective_from=since
            )
        except BadInput as error:
            problem = str(error)
        else:
            forget_brand()
            messages.success(request, _("Saved."))
            return see_other(request, reverse("console:settings"))
    context = {
        "one": found,
        "fixed": foundation.setting_fixed(key),
        "shown": setting_value(found.type, found.value),
        "text": text,
        "problem": problem,
        "kind": "choice" if found.type.choices else found.type.type.__name__,
        "choices": found.type.choices() if found.type.choices else (),
    }
    return render(request, "console/setting.html", context, status=422 if problem else 200)
