"""How times, counts and people are put into words (pure; the language is the active one)."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime, timedelta
from zlib import crc32

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext, ngettext
from django.utils.translation import gettext_lazy as _

from siyu.kit import money

_COLOURS = (
    "blue",
    "azure",
    "indigo",
    "purple",
    "pink",
    "red",
    "orange",
    "yellow",
    "lime",
    "green",
    "teal",
    "cyan",
)


ORDER_SOURCES: dict[str, Promise] = {
    "pos": _("Store till"),
    "mini": _("Mini program"),
    "tmall": _("Tmall"),
    "taobao": _("Taobao"),
    "jd": _("JD"),
    "douyin": _("Douyin"),
    "youzan": _("Youzan"),
    "weimob": _("Weimob"),
    "generic": _("File"),
}
"""Names of the usual sources of orders, as files and shop systems abbreviate them."""


_MADE_UP = re.compile(r"[0-9a-f]{32}-\d+")


def order_source(source: str) -> str:
    """Where an order was placed, by the name people know."""
    return str(ORDER_SOURCES.get(source.lower(), source))


def order_number(number: str) -> str:
    """An order's number as its source gave it; where the source had none, so."""
    return gettext("no order number") if _MADE_UP.fullmatch(number) else number


def compact(number: float | int) -> str:
    """A count the way people say it: 1.2万 in Chinese, 12,345 in English."""
    if (get_language() or "").startswith("zh"):
        return money.format_compact(number)
    return f"{number:,.0f}"


def _spans(count: int, ahead: bool) -> tuple[str, str, str]:
    if ahead:
        return (
            ngettext("in %d minute", "in %d minutes", count),
            ngettext("in %d hour", "in %d hours", count),
            ngettext("in %d day", "in %d days", count),
        )
    return (
        ngettext("%d minute ago", "%d minutes ago", count),
        ngettext("%d hour ago", "%d hours ago", count),
        ngettext("%d day ago", "%d days ago", count),
    )


def relative(moment: datetime, now: datetime) -> str:
    """How long ago, or in how long; beyond a week the date (with the year when it is another one)."""
    delta = moment - now
    ahead, seconds = delta > timedelta(0), abs(delta.total_seconds())
    if seconds < 45:
        return gettext("just now") if not ahead else gettext("in a moment")
    for size, limit, unit in ((60, 3600, 0), (3600, 86400, 1), (86400, 7 * 86400, 2)):
        if seconds < limit:
            count = max(1, round(seconds / size))
            return _spans(count, ahead)[unit] % count
    local, today = timezone.localtime(moment), timezone.localtime(now)
    return local.strftime("%m-%d" if local.year == today.year else "%Y-%m-%d")


def exact(moment: datetime) -> str:
    """The full local time, as shown on hover."""
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S")


_BLANK = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}
"""Letters that look like nothing; popular as nicknames."""


def visible(name: str) -> bool:
    """Whether anything of a name can be seen."""
    return any(char not in _BLANK and unicodedata.category(char)[0] not in "CZM" for char in name)


def initial(name: str) -> str:
    """One character for the round avatar: the family name in Chinese, the first letter otherwise."""
    cleaned = name.strip()
    return cleaned[0].upper() if cleaned else "?"


def colour(name: str) -> str:
    """A steady avatar colour for a name."""
    return _COLOURS[crc32(name.encode()) % len(_COLOURS)]


def percent(share: float | None, digits: int = 1) -> str:
    """A share as a percentage; an unknown share reads —."""
    return "—" if share is None else f"{share * 100:.{digits}f}%"


def duration(seconds: float) -> str:
    """42 seconds, 3.5 minutes, 2.0 hours, 1.5 days: one unit, whichever reads best."""
    if seconds < 90:
        return gettext("%.0f seconds") % seconds
    if seconds < 5400:
        return gettext("%.1f minutes") % (seconds / 60)
    if seconds < 129_600:
        return gettext("%.1f hours") % (seconds / 3600)
    return gettext("%.1f days") % (seconds / 86400)
