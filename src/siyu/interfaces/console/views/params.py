"""Reading what a browser sent: numbers, days, ids; nonsense never breaks a page."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from siyu.kit.errors import BadInput

_LARGEST = 2**63 - 1
MOST_AT_ONCE = 1000


def page_number(request: HttpRequest, name: str = "page") -> int:
    """The page asked for, 1 where it is missing or nonsense; at most 10,000."""
    return min(max(1, number(request.GET.get(name, "")) or 1), 10_000)


def number(text: str | None) -> int | None:
    """A whole number that fits a database id, else None."""
    cleaned = (text or "").strip()
    if not (cleaned.isascii() and cleaned.removeprefix("-").isdigit()):
        return None
    value = int(cleaned[:20])
    return value if abs(value) <= _LARGEST else None


def day(text: str | None) -> date | None:
    """A day as browsers write it (2026-11-21), else None; so is one with which nobody can reckon (the year 9999)."""
    try:
        found = date.fromisoformat((text or "").strip())
    except ValueError:
        return None
    return found if 1900 <= found.year < 3000 else None


def json_value(text: str) -> Any:
    """Typed JSON; ValueError where it is none, goes too deep, or holds what the database cannot keep."""
    try:
        found = json.loads(text, parse_constant=_no_number)
        kept = json.dumps(found, ensure_ascii=False, allow_nan=False)
    except RecursionError:
        raise ValueError("too deep") from None
    if "\\u0000" in kept:  # as json.dumps writes a NUL
        raise ValueError("a NUL")
    kept.encode()  # UnicodeEncodeError, a ValueError, for half a surrogate pair
    return found


def _no_number(name: str) -> Any:
    raise ValueError(f"{name} is no number")


def chosen_ids(values: Iterable[str]) -> list[int]:
    """The ids chosen in a list, each once; BadInput for none, nonsense or too many."""
    ids = [number(value) for value in values]
    if not ids:
        raise BadInput("console.none_chosen", _("Choose at least one row first."))
    if any(one is None for one in ids):
        raise BadInput("console.bad_ids", _("The list has changed. Reload the page and choose again."))
    if len(ids) > MOST_AT_ONCE:
        raise BadInput("console.too_many", _("Choose at most %(most)s rows at once."), most=MOST_AT_ONCE)
    return list(dict.fromkeys(one for one in ids if one is not None))


def one_of(text: str | None, allowed: Iterable[str], default: str = "") -> str:
    """The text if it is one of those allowed, else the default."""
    return text if text is not None and text in set(allowed) else default
