"""渠道活码: the codes with their figures, one code with its picture, making and changing one."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import segno
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from siyu.decisions.acquisition import api as acquisition
from siyu.foundation.api import Role
from siyu.interfaces.console.views import params
from siyu.interfaces.console.views.customers import people_in
from siyu.interfaces.ui.api import ALL, OPERATIONS, STORES, PlainForm, Visit, rule, see_other, visit
from siyu.kit.errors import BadInput
from siyu.kit.pagination import Page
from siyu.records.staff import api as staff

MAKERS = OPERATIONS | STORES
SIZE = 30


class CodeForm(PlainForm):
    """One live code."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        help_text=gettext_lazy("For example: Nanjing Road store, counter."),
    )
    employee_ids = forms.MultipleChoiceField(
        label=gettext_lazy("Employees"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("Who becomes the customer's friend; with several, WeCom takes turns."),
    )
    tags = forms.CharField(
        label=gettext_lazy("Tags"),
        required=False,
        max_length=400,
        help_text=gettext_lazy("Put on everybody who comes through this code; separate with commas."),
    )
    skip_verify = forms.BooleanField(
        label=gettext_lazy("Become friends without confirmation"), required=False, initial=True
    )

    def __init__(self, *args: Any, people: Sequence[staff.EmployeeView], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["employee_ids"]
        if isinstance(field, forms.MultipleChoiceField):
            field.choices = [(str(one.id), f"{one.unit_name} · {one.name}") for one in people]

    def values(self) -> dict[str, Any]:
        """What acquisition takes."""
        data = self.cleaned_data
        return {
            "name": data["name"],
            "employee_ids": [int(one) for one in data["employee_ids"]],
            "tags": [
                one.strip()
                for one in data["tags"].replace("，", ",").replace("、", ",").split(",")
                if one.strip()
            ],
            "skip_verify": data["skip_verify"],
        }


def _take(form: CodeForm, error: BadInput) -> None:
    for name, text in error.fields.items():
        form.add_error(name if name in form.fields else None, str(text))
    if not error.fields:
        form.add_error(None, str(error))


@rule(roles=ALL - {Role.CLERK})
@require_GET
def listed(request: HttpRequest) -> HttpResponse:
    """The codes in scope with their figures, and where other friends came from."""
    seen = visit(request)
    search = request.GET.get("q", "").strip()[:60]
    found = [code for code in acquisition.codes(seen.scope) if search.lower() in code.name.lower()]
    number = params.page_number(request)
    codes = found[(number - 1) * SIZE : number * SIZE]
    stats = acquisition.code_stats(seen.scope)
    figures = {one.code_id: one for one in stats if one.code_id is not None}
    context = {
        "rows": [(code, figures.get(code.id)) for code in codes],
        "page": Page(codes, len(found), number, SIZE),
        "search": search,
        "others": [one for one in stats if one.code_id is None and one.added],
        "people": _names(seen, codes),
        "may_make": seen.principal.role in MAKERS,
    }
    return render(request, "console/codes.html", context)


def _names(seen: Visit, codes: Sequence[acquisition.LiveCodeView]) -> dict[int, staff.EmployeeView]:
    return staff.employees_by_id({number for code in codes for number in code.employee_ids}, at=seen.at)


@rule(roles=MAKERS)
@require_http_methods(["GET", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Make a code for employees in the reader's scope."""
    seen = visit(request)
    form = CodeForm(request.POST if request.method == "POST" else None, people=people_in(seen))
    if request.method == "POST" and form.is_valid():
        try:
            made = acquisition.create_code(**form.values(), at=seen.at, by=seen.principal)
        except BadInput as error:
            _take(form, error)
        else:
            messages.success(request, _("The code is being made; its picture appears within seconds."))
            return see_other(request, reverse("console:code", args=[made.id]))
    return render(
        request, "console/code_form.html", {"form": form, "code": None}, status=422 if form.errors else 200
    )


@rule(roles=ALL - {Role.CLERK})
@require_GET
def one(request: HttpRequest, code_id: int) -> HttpResponse:
    """One code: picture, figures, who stands behind it; HTMX polls while it is being made."""
    seen = visit(request)
    code = acquisition.get_code(code_id, scope=seen.scope)
    stats = acquisition.code_stats(seen.scope, code_ids=[code.id])
    context = {
        "code": code,
        "figures": next((item for item in stats if item.code_id == code.id), None),
        "people": _names(seen, [code]),
        "may_make": seen.principal.role in MAKERS,
        "busy": code.status in ("making", "changing", "deleting"),
    }
    part = "console/parts/code.html" if request.headers.get("HX-Request") else "console/code.html"
    return render(request, part, context)


@rule(roles=ALL - {Role.CLERK})
@require_GET
def picture(request: HttpRequest, code_id: int) -> HttpResponse:
    """The code as a picture made here, so that no page loads anything from outside."""
    seen = visit(request)
    code = acquisition.get_code(code_id, scope=seen.scope)
    target = io.BytesIO()
    segno.make(code.qr_code or "about:blank", error="m").save(
        target, kind="svg", scale=8, border=2, xmldecl=False
    )
    answer = HttpResponse(target.getvalue(), content_type="image/svg+xml")
    if request.GET.get("download"):
        answer["Content-Disposition"] = f'attachment; filename="code-{code.id}.svg"'
    return answer


@rule(roles=MAKERS)
@require_http_methods(["GET", "POST"])
def edit(request: HttpRequest, code_id: int) -> HttpResponse:
    """Change a code; printed pictures stay valid."""
    seen = visit(request)
    code = acquisition.get_code(code_id, scope=seen.scope)
    start = {
        "name": code.name,
        "employee_ids": [str(number) for number in code.employee_ids],
        "tags": ", ".join(code.tags),
        "skip_verify": code.skip_verify,
    }
    people = people_in(seen)
    form = CodeForm(request.POST if request.method == "POST" else None, people=people, initial=start)
    if request.method == "POST" and form.is_valid():
        values = form.values()
        values["employee_ids"] += _unseen(seen, code, people)
        try:
            acquisition.update_code(code.id, **values, at=seen.at, by=seen.principal)
        except BadInput as error:
            _take(form, error)
        else:
            messages.success(request, _("Saved. Printed pictures stay valid."))
            return see_other(request, reverse("console:code", args=[code.id]))
    return render(
        request, "console/code_form.html", {"form": form, "code": code}, status=422 if form.errors else 200
    )


def _unseen(seen: Visit, code: acquisition.LiveCodeView, people: Sequence[staff.EmployeeView]) -> list[int]:
    """Employees behind the code whom the reader's form does not show, being of other stores: they stay."""
    offered = {one.id for one in people}
    working = {one.id for one in staff.employees(seen.at)}
    return [number for number in code.employee_ids if number in working - offered]


@rule(roles=MAKERS)
@require_POST
def act(request: HttpRequest, code_id: int) -> HttpResponse:
    """Delete a code, or try a failed one again."""
    seen = visit(request)
    code = acquisition.get_code(code_id, scope=seen.scope)
    if request.POST.get("act") == "retry":
        acquisition.retry_code(code.id, at=seen.at, by=seen.principal)
        messages.success(request, _("Trying again."))
        return see_other(request, reverse("console:code", args=[code.id]))
    acquisition.delete_code(code.id, at=seen.at, by=seen.principal)
    messages.success(request, _("The code is being deleted; its figures stay."))
    return see_other(request, reverse("console:codes"))
