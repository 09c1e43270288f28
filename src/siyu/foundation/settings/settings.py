"""Settings of the brand itself."""

from __future__ import annotations

from zoneinfo import available_timezones

from django.utils.translation import gettext_lazy as _

from siyu.foundation.settings.operations import SettingType
from siyu.kit import money


def _zones() -> list[tuple[str, str]]:
    return [(name, name) for name in sorted(available_timezones()) if "/" in name]


def _currencies() -> list[tuple[str, str]]:
    return [(code, f"{code} {sign}") for code, sign in money.SYMBOLS.items()]


SETTINGS = (
    SettingType("brand.name", str, "siyu", _("Brand name"), _("Shown to staff and customers."), "brand"),
    SettingType(
        "brand.timezone",
        str,
        "Asia/Shanghai",
        _("Time zone"),
        _("Days and hours are counted in it. It can be changed until the first fact is recorded."),
        "brand",
        choices=_zones,
        standing=True,
    ),
    SettingType(
        "brand.currency",
        str,
        "CNY",
        _("Currency"),
        _(
            "All amounts are in it; orders in another one are refused. It can be changed until the first order."
        ),
        "brand",
        choices=_currencies,
        standing=True,
    ),
    SettingType(
        "brand.simulated",
        bool,
        False,
        _("Simulated data"),
        _("Pages say that all data is simulated."),
        "brand",
    ),
    SettingType(
        "brand.notice", str, "", _("Notice"), _("One line shown on every page of the console."), "brand"
    ),
)
