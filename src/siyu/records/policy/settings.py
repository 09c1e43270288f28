"""Settings that the rules read."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.foundation.api import SettingType

SETTINGS = (
    SettingType(
        "policy.quiet_from",
        str,
        "21:30",
        _("Quiet hours begin"),
        _("From then on nothing promotional is sent. Time of the brand, HH:MM."),
        "policy",
    ),
    SettingType(
        "policy.quiet_until",
        str,
        "09:00",
        _("Quiet hours end"),
        _("What was held is sent from then on. Equal to the beginning: no quiet hours."),
        "policy",
    ),
    SettingType(
        "policy.cap_per_day",
        int,
        1,
        _("Promotional messages per person and day"),
        _("Through all channels together; 0 sends none."),
        "policy",
        minimum=0,
        maximum=100,
    ),
    SettingType(
        "policy.cap_per_7_days",
        int,
        3,
        _("Promotional messages per person and seven days"),
        _("Through all channels together; 0 sends none."),
        "policy",
        minimum=0,
        maximum=100,
    ),
    SettingType(
        "policy.promotional_needs_consent",
        bool,
        False,
        _("Promotional messages need a stated consent"),
        _("If off, a standing friend relation is enough unless the customer has refused."),
        "policy",
    ),
)
