"""Settings of journeys."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.foundation.api import SettingType

HOLDOUT_PERCENT = "journeys.holdout_percent"

SETTINGS = (
    SettingType(
        HOLDOUT_PERCENT,
        int,
        10,
        _("Control group of journeys, percent"),
        _("Share of people that promotional steps leave out, to see what the steps bring."),
        "journeys",
        minimum=0,
        maximum=50,
    ),
)
