"""Settings of hold-outs."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.foundation.api import SettingType

MINIMUM_AUDIENCE = "goals.minimum_audience"

SETTINGS = (
    SettingType(
        MINIMUM_AUDIENCE,
        int,
        1000,
        _("Smallest audience with a hold-out"),
        _("Below it everybody is treated and the effect reads: sample too small."),
        "goals",
        minimum=0,
        maximum=10_000_000,
    ),
)
