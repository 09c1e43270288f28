"""Pure rules of the order import."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo


def shift_for(last_date: date | None, at: datetime, zone: ZoneInfo) -> int:
    """Days by which dates move so that ``last_date`` becomes the day before ``at``'s day in ``zone``; 0 without one."""
    if last_date is None:
        return 0
    return (at.astimezone(zone).date() - timedelta(days=1) - last_date).days
