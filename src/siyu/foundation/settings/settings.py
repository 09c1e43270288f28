"""Settings of the brand itself."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.foundation.settings.operations import SettingType

SETTINGS = (
    SettingType("brand.name", str, "siyu", _("Brand name"), _("Shown to staff and customers."), "brand"),
    SettingType(
        "brand.timezone",
        str,
        "Asia/Shanghai",
        _("Time zone"),
        _("Days and hours are counted in it."),
        "brand",
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
