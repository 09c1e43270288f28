"""The segments every installation starts with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from siyu.foundation import api as foundation
from siyu.insights.segments.contracts import SegmentView
from siyu.insights.segments.models import Segment
from siyu.insights.segments.operations import create_segment


def _all(*nodes: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "root": {"all": list(nodes)}}


def _trait(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"trait": {"field": field, "op": op, "value": value}}


# key, name, description, definition
DEFAULTS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    (
        "new_7d",
        gettext_noop("New within 7 days"),
        gettext_noop("Became a customer within the last 7 days, and has bought nothing before that."),
        # Without the second half a whole imported history would be new on the day of its import.
        _all(_trait("created_at", "within_days", 7), {"not": _trait("first_order_at", "over_days", 7)}),
    ),
    (
        "asleep_90d",
        gettext_noop("Asleep: no purchase for 90 days"),
        gettext_noop("Has bought, but not within the last 90 days."),
        _all(_trait("last_order_at", "over_days", 90)),
    ),
    (
        "high_value",
        gettext_noop("High value"),
        gettext_noop("Among the fifth of buyers who paid most, net of refunds."),
        _all(_trait("m", "at_least", 5)),
    ),
    (
        "repeat_buyers",
        gettext_noop("Repeat buyers"),
        gettext_noop("Two paid orders or more."),
        _all(_trait("orders", "at_least", 2)),
    ),
    (
        "friends_not_bought",
        gettext_noop("Friends who have not bought"),
        gettext_noop("Friend of at least one employee, no paid order yet."),
        _all(_trait("friend_count", "at_least", 1), _trait("orders", "is", 0)),
    ),
)


def install_defaults(*, at: datetime, at_once: bool = False) -> list[SegmentView]:
    """Create the default segments that are not there yet (known by key); returns the new ones.

    One that was archived stays archived. Names are written in the installation's own language,
    whatever the command line speaks.
    """
    there = set(Segment.objects.filter(key__isnull=False).values_list("key", flat=True))
    with translation.override(settings.LANGUAGE_CODE):
        return [
            create_segment(
                _(name),
                definition,
                by=foundation.SYSTEM,
                at=at,
                description=_(text),
                key=key,
                at_once=at_once,
            )
            for key, name, text, definition in DEFAULTS
            if key not in there
        ]
