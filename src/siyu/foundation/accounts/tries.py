"""Wrong passwords are counted, so that nobody guesses one: by name and place, by name, and by place.

Wall time; names and addresses are kept as keyed hashes, because people type passwords into the wrong field.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest

from siyu.foundation.db import execute, fetch
from siyu.foundation.secrets.api import keyed_hash
from siyu.kit import clock

WINDOW = timedelta(minutes=15)
MOST_BY_BOTH, MOST_BY_ONE = 10, 100
"""Of one name from one place; of one name from anywhere, or of any names from one place."""

_COUNT = """
SELECT count(*) FILTER (WHERE name = %(name)s AND place = %(place)s),
       greatest(count(*) FILTER (WHERE name = %(name)s), count(*) FILTER (WHERE place = %(place)s AND %(told)s))
FROM foundation_accounts_wrongtry WHERE at > %(since)s AND (name = %(name)s OR place = %(place)s)
"""


def _place(request: HttpRequest) -> str:
    """Whence the request comes; behind a proxy the address that it saw, "" where it does not tell."""
    if settings.SECURE_PROXY_SSL_HEADER is None:
        return str(request.META.get("REMOTE_ADDR", ""))
    return str(request.META.get("HTTP_X_FORWARDED_FOR", "")).rpartition(",")[2].strip()


def _keys(request: HttpRequest, username: str) -> dict[str, bytes]:
    return {
        "name": keyed_hash(username, "sign-in name"),
        "place": keyed_hash(_place(request), "sign-in place"),
    }


def too_many(request: HttpRequest, username: str) -> bool:
    """Whether so many passwords were wrong lately that none is looked at for now."""
    since = clock.wall_now() - WINDOW
    [(by_both, by_one)] = fetch(
        _COUNT, {**_keys(request, username), "told": bool(_place(request)), "since": since}
    )
    return bool(by_both >= MOST_BY_BOTH or by_one >= MOST_BY_ONE)


def note_wrong(request: HttpRequest, username: str) -> None:
    """Count one wrong password; what counts no more is forgotten."""
    now = clock.wall_now()
    execute("DELETE FROM foundation_accounts_wrongtry WHERE at <= %s", [now - WINDOW])
    execute(
        "INSERT INTO foundation_accounts_wrongtry (name, place, at) VALUES (%(name)s, %(place)s, %(at)s)",
        {**_keys(request, username), "at": now},
    )


def forget(request: HttpRequest, username: str) -> None:
    """The right password ends the count of this name from this place."""
    execute(
        "DELETE FROM foundation_accounts_wrongtry WHERE name = %(name)s AND place = %(place)s",
        _keys(request, username),
    )
