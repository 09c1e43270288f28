"""Settings of the WeCom connector."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation

TRUST_NOTED_PHONES = "wecom.trust_noted_phones"

SETTINGS = (
    foundation.SettingType(
        TRUST_NOTED_PHONES,
        bool,
        True,
        _("Trust phone numbers noted by employees"),
        _("A single phone number that an employee noted for a WeCom friend links the friend to its orders."),
        "wecom",
    ),
)
