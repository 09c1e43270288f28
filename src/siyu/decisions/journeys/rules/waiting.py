"""When a wait is over."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo


def parse_clock(text: str) -> time:
    """ "10:00" as a time of day; ValueError for anything else."""
    hour, minute = text.split(":")
    if len(hour) > 2 or len(minute) != 2:
        raise ValueError(text)
    return time(int(hour), int(minute))


def wait_over(params: Mapping[str, Any], *, since: datetime, zone: ZoneInfo) -> datetime:
    """The moment (UTC) a wait that began at ``since`` ends.

    With ``at`` ("10:00"): that time of day, ``days`` calendar days later in the brand's zone; if that
    moment is not after ``since``, the next day's. A time of day that summer time skips is taken as
    the zone reads it. Without ``at``: days, hours and minutes are exact spans.
    """
    days = int(params.get("days") or 0)
    if params.get("at"):
        local = since.astimezone(zone)
        moment = datetime.combine(local.date() + timedelta(days=days), parse_clock(params["at"]), zone)
        if moment <= since:
            moment = datetime.combine(moment.date() + timedelta(days=1), parse_clock(params["at"]), zone)
        return moment.astimezone(since.tzinfo)
    return since + timedelta(
        days=days, hours=int(params.get("hours") or 0), minutes=int(params.get("minutes") or 0)
    )
