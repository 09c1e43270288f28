"""客户资料: hand a person everything that is kept about them, or erase it. For compliance; every use is audited."""

from __future__ import annotations

import json
from urllib.parse import quote

from django.contrib import messages
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from siyu.foundation.api import Role
from siyu.interfaces.console.views import params
from siyu.interfaces.ui.api import rule, see_other, visit
from siyu.records.customers import api as customers

KEEPERS = frozenset({Role.OWNER, Role.COMPLIANCE})


@rule(roles=KEEPERS)
@require_POST
def export(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Everything every module keeps about the person, as a JSON file."""
    seen = visit(request)
    found = customers.export_customer(customer_id, scope=seen.scope, at=seen.at, by=seen.principal)
    text = json.dumps(found, ensure_ascii=False, indent=1, cls=DjangoJSONEncoder)
    answer = HttpResponse(text, content_type="application/json; charset=utf-8")
    name = _("personal data of customer %(number)s") % {"number": customer_id}
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.json"
    answer["Cache-Control"] = "no-store"
    return answer


@rule(roles=KEEPERS)
@require_http_methods(["GET", "POST"])
def erase(request: HttpRequest, customer_id: int) -> HttpResponse:
    """Say what erasing does; do it when the customer's number was typed."""
    seen = visit(request)
    person = customers.get_customer(customer_id, scope=seen.scope)
    problem = ""
    if request.method == "POST":
        if params.number(request.POST.get("number")) == person.id:
            receipt = customers.erase_customer(person.id, scope=seen.scope, at=seen.at, by=seen.principal)
            told = _("Erased: %(rows)s rows of personal data.") % {"rows": sum(receipt.rows.values())}
            messages.success(request, told)
            return see_other(request, reverse("console:customer", args=[person.id]))
        problem = _("Type the customer's number, %(number)s, to confirm.") % {"number": person.id}
    context = {"customer": person, "problem": problem}
    return render(request, "console/customer/erase.html", context, status=422 if problem else 200)
