"""What kind of installation this is, for banner, notice and sign-in."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings

from siyu.foundation import api as foundation
from siyu.kit import clock


@dataclass(frozen=True)
class Brand:
    """What every page says about the brand."""

    name: str
    simulated: bool
    notice: str


def is_demo() -> bool:
    """Whether this installation offers one-click sign-ins."""
    return bool(getattr(settings, "SIYU_DEMO", False))


def brand() -> Brand:
    """The brand's name, whether its data is simulated, and the one line shown on every page."""
    at = clock.business_now()
    return Brand(
        str(foundation.get_setting("brand.name", at=at)),
        bool(foundation.get_setting("brand.simulated", at=at)),
        str(foundation.get_setting("brand.notice", at=at)),
    )
