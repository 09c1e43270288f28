"""Two thin layers around every request: one correlation id, and expected errors as answers."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from siyu.foundation.api import correlated
from siyu.kit.errors import SiyuError

Handler = Callable[[HttpRequest], HttpResponse]


def correlation(get_response: Handler) -> Handler:
    """Give each request an id that jobs and facts inherit; it is also in the answer's header."""

    def handle(request: HttpRequest) -> HttpResponse:
        with correlated() as chosen:
            response = get_response(request)
        response.headers["X-Correlation-Id"] = chosen
        return response

    return handle


class expected_errors:  # a middleware is named like the function it stands for
    """Turns a SiyuError into the page or JSON of its status; anything else is Django's to report."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer an expected error that a view let through."""
        if not isinstance(error, SiyuError):
            return None
        if "text/html" not in request.headers.get("Accept", "text/html"):
            return JsonResponse({"error": error.code, "message": str(error)}, status=error.status)
        template = f"{error.status}.html" if error.status in (403, 404) else "error.html"
        return render(request, template, {"error": error}, status=error.status)
