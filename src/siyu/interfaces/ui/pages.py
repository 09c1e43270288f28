"""The pages for things that went wrong, whole or as a small note inside a page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext

from siyu.kit.errors import NotFound, SiyuError

_TITLES = {
    403: lambda: gettext("No permission"),
    404: lambda: gettext("Not found"),
    409: lambda: gettext("Something changed in between"),
    422: lambda: gettext("That cannot be accepted"),
    500: lambda: gettext("Something went wrong"),
    502: lambda: gettext("The other system refused"),
    503: lambda: gettext("Please try again in a moment"),
}


def failure(request: HttpRequest, error: SiyuError) -> HttpResponse:
    """Show an expected error: the whole page, or a note where HTMX asked for a part.

    Not-found says nothing about what was looked for, so that out of scope and missing look alike.
    """
    detail = (
        gettext("It does not exist, or it is outside what you may see.")
        if isinstance(error, NotFound)
        else str(error)
    )
    return show(request, error.status, detail)


def show(request: HttpRequest, status: int, detail: str) -> HttpResponse:
    """The page of one status with a sentence that tells what to do."""
    title = _TITLES.get(status, _TITLES[500])()
    name = "ui/note.html" if request.headers.get("HX-Request") else "ui/failure.html"
    return render(request, name, {"status": status, "title": title, "detail": detail}, status=status)
