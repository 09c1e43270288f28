"""The door-keeper of every page: rules, expected errors, and what a browser may load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.translation import gettext

from siyu.foundation import api as foundation
from siyu.interfaces.ui import installation, pages
from siyu.interfaces.ui.rules import rule_of
from siyu.kit.errors import BadInput, Denied, SiyuError

Answer = Callable[[HttpRequest], HttpResponse]

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)


class RouteRules:
    """Closes every route that declares no rule and lets in whom the rule names.

    A stranger is sent to sign in (HTMX by header); a reader without the role gets the 403 page.
    """

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, then say what the browser may load with it."""
        with installation.one_request():
            try:
                response = self.answer(request)
            finally:
                timezone.deactivate()
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: list[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        """Refuse before the view runs; None lets it run."""
        if _has_nul(request):
            return pages.failure(
                request, BadInput("nul", gettext("This text holds a character that cannot be kept."))
            )
        declared = rule_of(view)
        if declared is None:
            raise Http404("this route declares no rule")
        if declared.demo_only and not installation.is_demo():
            raise Http404("only in demo installations")
        if declared.open_because:
            return None
        principal = foundation.principal_of(request)
        if principal is None:
            return _to_sign_in(request)
        timezone.activate(installation.brand().zone)  # pages show the brand's hours
        if principal.role in declared.roles:
            return None
        return pages.failure(request, Denied("role", gettext("Your role does not include this page.")))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Turn an expected error into its page; programs that do not read HTML are not answered here."""
        if isinstance(error, SiyuError) and "text/html" in request.headers.get("Accept", "text/html"):
            return pages.failure(request, error)
        return None


def _has_nul(request: HttpRequest) -> bool:
    """PostgreSQL keeps no NUL in a text, and no person types one."""
    sent = [request.GET]
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        sent.append(request.POST)
    return any("\0" in str(value) for one in sent for values in one.lists() for value in values[1])


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    back = request.get_full_path() if request.method == "GET" else "/"
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=401)
        answer["HX-Redirect"] = settings.LOGIN_URL
        return answer
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': back})}")
