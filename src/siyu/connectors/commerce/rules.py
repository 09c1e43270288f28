"""Pure rules of the order import."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "|", "%", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def escape_formula(cell: str) -> str:
    """A cell that no spreadsheet runs: a leading apostrophe before what could begin a formula.

    Full-width signs count too, as Excel in Chinese takes them for the real ones. Plain numbers stay.
    """
    if not cell.lstrip(" \u3000").startswith(FORMULA):
        return cell
    number = cell.strip().removeprefix("-").replace(".", "", 1)
    return cell if number.isascii() and number.isdigit() else f"'{cell}"


def shift_for(last_date: date | None, at: datetime, zone: ZoneInfo) -> int:
    """Days by which dates move so that ``last_date`` becomes the day before ``at``'s day in ``zone``; 0 without one."""
    if last_date is None:
        return 0
    return (at.astimezone(zone).date() - timedelta(days=1) - last_date).days
