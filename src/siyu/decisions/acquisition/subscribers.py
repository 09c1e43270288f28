"""Hears of friendships begun and ended; traces them to live codes."""

from __future__ import annotations

from siyu.decisions.acquisition.attribution import attribute
from siyu.facts import api as facts

SUBSCRIPTIONS = (
    facts.Subscription(
        name="acquisition.attribution",
        facts=frozenset({"contact.added", "contact.ended"}),
        handle=attribute,
        backfill=True,  # it keeps the record straight and writes to nobody
    ),
)
