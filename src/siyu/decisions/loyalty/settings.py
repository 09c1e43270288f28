"""Settings of loyalty."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation

FEN_PER_POINT = "loyalty.fen_per_point"
SETTINGS = (
    foundation.SettingType(
        key=FEN_PER_POINT,
        type=int,
        default=100,
        label=_("Amount that earns one point, in hundredths"),
        help=_(
            "100 means one point for each full 1.00 paid. Orders keep the rate of the moment they were paid."
        ),
        group="loyalty",
        minimum=1,
        maximum=10_000_000,
    ),
)
