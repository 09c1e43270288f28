"""Settings of the order import."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation

MAX_MB = "imports.max_mb"
KEEP_DAYS = "imports.keep_days"
SETTINGS = (
    foundation.SettingType(
        key=MAX_MB,
        type=int,
        default=50,
        label=_("Largest order file, in MB"),
        help=_("Larger files are refused with a clear message; they can be split."),
        group="imports",
        minimum=1,
        maximum=2_000,
    ),
    foundation.SettingType(
        key=KEEP_DAYS,
        type=int,
        default=30,
        label=_("Days that uploaded files and refused rows are kept"),
        help=_("Both hold personal data and are encrypted; after this time they are deleted."),
        group="imports",
        minimum=1,
        maximum=365,
    ),
)
