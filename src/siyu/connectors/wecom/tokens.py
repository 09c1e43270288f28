"""The access token of each application: fetched once, kept sealed in the database, on wall time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection as database

from siyu.connectors.wecom.models import AccessToken
from siyu.foundation import api as foundation
from siyu.kit import clock

PURPOSE = "wecom.token"
MARGIN = timedelta(seconds=120)
"""A token this near its end is fetched anew, so that a call never travels with a dying one."""

LOCK_SPACE = 0x57C0  # any constant; the pair (space, app id) names the lock


@dataclass(frozen=True, slots=True)
class Fetched:
    """What gettoken answered."""

    token: str
    seconds: int


def _stored(app_id: int) -> str | None:
    return opened(AccessToken.objects.filter(app_id=app_id).first())


def opened(row: AccessToken | None) -> str | None:
    """The token of a row; None when there is none that can still be used."""
    if row is None or row.expires_at - MARGIN <= clock.wall_now():
        return None
    try:
        return foundation.unseal(row.token, PURPOSE).decode()
    except ValueError:
        return None  # sealed by another installation key: fetch anew


@contextmanager
def _one_at_a_time(app_id: int) -> Iterator[None]:
    """A session lock, not a transaction: nobody may hold a transaction open during HTTP."""
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, %s)", [LOCK_SPACE, app_id])
    try:
        yield
    finally:
        with database.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCK_SPACE, app_id])


def token_of(app_id: int, fetch: Callable[[], Fetched], *, refused: str = "") -> str:
    """A usable token of the application.

    `refused` is a token WeCom has just turned down: it is replaced unless another process has done
    so meanwhile. `fetch` calls gettoken and may raise; then the stored state stays as it was.
    """
    known = _stored(app_id)
    if known and known != refused:
        return known
    with _one_at_a_time(app_id):
        known = _stored(app_id)
        if known and known != refused:
            return known
        fresh = fetch()
        now = clock.wall_now()
        AccessToken.objects.update_or_create(
            app_id=app_id,
            defaults={
                "token": foundation.seal(fresh.token, PURPOSE),
                "fetched_at": now,
                "expires_at": now + timedelta(seconds=fresh.seconds),
            },
        )
        return fresh.token
