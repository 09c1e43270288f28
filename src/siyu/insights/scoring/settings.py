"""Settings of insights/scoring."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.foundation.api import SettingType

_GROUP = "scoring"
_HELP = _("Each window must be longer than the one before it; takes effect with the next nightly scoring.")

SETTINGS = (
    SettingType("stage.new_days", int, 30, _("Days a first buyer counts as new"), _HELP, _GROUP, 1, 3650),
    SettingType("stage.active_days", int, 90, _("Days without order until at risk"), _HELP, _GROUP, 1, 3650),
    SettingType(
        "stage.at_risk_days", int, 180, _("Days without order until dormant"), _HELP, _GROUP, 1, 3650
    ),
    SettingType("stage.dormant_days", int, 365, _("Days without order until lost"), _HELP, _GROUP, 1, 3650),
    SettingType(
        "rfm.minimum_buyers",
        int,
        30,
        _("Buyers needed for RFM scores"),
        _("With fewer buyers a fifth of them means nothing, so nobody is scored."),
        _GROUP,
        5,
        100_000,
    ),
)
