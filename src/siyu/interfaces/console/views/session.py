"""Coming in and going out: sign-in, demo sign-in, language, sign-out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from siyu.foundation import api as foundation
from siyu.interfaces.ui.api import PlainForm, rule
from siyu.kit import clock
from siyu.kit.errors import BadInput, NotFound


class SignInForm(PlainForm):
    """User name and password."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


@dataclass(frozen=True)
class DemoPerson:
    """One one-click sign-in of the demo."""

    key: str
    username: str
    label: Promise
    text: Promise
    icon: str


DEMO_PEOPLE = (
    DemoPerson("owner", "owner", _("Owner"), _("Sales, customers, what needs you, in every store"), "crown"),
    DemoPerson(
        "operator", "operator", _("Operator"), _("Segments, journeys, live codes, imports"), "adjustments"
    ),
    DemoPerson(
        "manager",
        "manager",
        _("Store manager"),
        _("One store: its customers, clerks and tasks"),
        "building-store",
    ),
    DemoPerson(
        "clerk", "clerk", _("Clerk"), _("Today's tasks and my customers, on the phone"), "device-mobile"
    ),
)

DEMO_NAMES = {one.username for one in DEMO_PEOPLE} | {
    "region",
    "analyst",
    "compliance",
    "admin",
    "manager2",
    "clerk2",
}


def _safe_next(request: HttpRequest, default: str) -> str:
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure()):
        return wanted
    return default


def _enter(request: HttpRequest, user: Any, default: str) -> HttpResponse:
    login(request, user)
    principal = foundation.principal_of(request)
    if principal is not None:
        foundation.audit(principal, "account.signed_in", "account", user.pk, at=clock.business_now())
    answer = HttpResponseRedirect(_safe_next(request, default))
    if settings.LANGUAGE_COOKIE_NAME not in request.COOKIES and user.language:
        answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, user.language, samesite="Lax", max_age=31_536_000)
    return answer


def _home_of(role: foundation.Role) -> str:
    return "/w/" if role == foundation.Role.CLERK else reverse("console:today")


@rule(open_because="the sign-in page")
@require_http_methods(["GET", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in by user name and password; a wrong pair says the same for both."""
    form = SignInForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            user = foundation.check_password(
                request, form.cleaned_data["username"], form.cleaned_data["password"]
            )
        except BadInput as error:
            form.add_error(None, str(error))
        else:
            if user is not None:
                return _enter(request, user, _home_of(foundation.Role(user.role)))
            form.add_error(None, _("User name and password do not match. Check both and try again."))
    elif request.user.is_authenticated:
        principal = foundation.principal_of(request)
        if principal is not None and request.method == "GET":
            return HttpResponseRedirect(_home_of(principal.role))
    context = {"form": form, "next": request.POST.get("next") or request.GET.get("next") or ""}
    return render(request, "console/sign_in.html", context, status=422 if form.errors else 200)


@rule(open_because="one-click sign-in of the demo", demo_only=True)
@require_GET
def demo(request: HttpRequest) -> HttpResponse:
    """Choose who to be in the demo."""
    people = []
    for one in DEMO_PEOPLE:
        user = foundation.account_for_username(one.username)
        if user is not None:
            people.append({"one": one, "name": user.display_name})
    return render(request, "console/demo.html", {"people": people})


@rule(open_because="one-click sign-in of the demo", demo_only=True)
@require_http_methods(["GET", "POST"])
def demo_sign_in(request: HttpRequest, username: str) -> HttpResponse:
    """Become one of the demo's people; the command line prints these addresses too."""
    user = foundation.account_for_username(username) if username in DEMO_NAMES else None
    if user is None:
        raise NotFound("demo.nobody")
    return _enter(request, user, _home_of(foundation.Role(user.role)))


@rule(open_because="leaving needs no role")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Sign out."""
    logout(request)
    return HttpResponseRedirect(reverse("console:sign-in"))


@rule(open_because="strangers choose their language too")
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switch between Chinese and English; kept in a cookie."""
    wanted = request.POST.get("language", "")
    answer = HttpResponseRedirect(_safe_next(request, "/"))
    if wanted in dict(settings.LANGUAGES):
        translation.activate(wanted)
        answer.set_cookie(settings.LANGUAGE_COOKIE_NAME, wanted, samesite="Lax", max_age=31_536_000)
    return answer
