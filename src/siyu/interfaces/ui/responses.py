"""Answers that several pages give: go and look elsewhere, or take this table home."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.utils import timezone, translation

from siyu.interfaces.ui import installation
from siyu.kit.spreadsheets import escape_formula


def see_other(request: HttpRequest, url: str) -> HttpResponse:
    """Send the browser on after a form; HTMX is told by header, since it would swap a redirect in."""
    if request.headers.get("HX-Request"):
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = url
        return answer
    return HttpResponseRedirect(url)


def safe_cell(value: object) -> object:
    """A cell for a file: numbers stay numbers, text is shown and never run."""
    if value is None:
        return ""
    return value if isinstance(value, (int, float)) else escape_formula(str(value))


class _Echo(io.StringIO):
    def write(self, text: str) -> int:  # hands each line straight on instead of keeping it
        self.line = text
        return len(text)


def spreadsheet(
    name: str, header: Sequence[object], rows: Iterable[Sequence[object]]
) -> StreamingHttpResponse:
    """Stream rows as UTF-8 CSV (with the mark Excel needs), formula-safe, under a Chinese file name.

    The rows are made after the request is over; they keep its language, its time zone and its brand.
    """
    language, zone = translation.get_language() or "zh-hans", timezone.get_current_timezone()

    def lines() -> Iterator[str]:
        echo = _Echo()
        writer = csv.writer(echo)
        with installation.one_request(), translation.override(language), timezone.override(zone):
            yield "\ufeff"
            for row in chain((header,), rows):
                writer.writerow([safe_cell(cell) for cell in row])
                yield echo.line

    answer = StreamingHttpResponse(lines(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer
