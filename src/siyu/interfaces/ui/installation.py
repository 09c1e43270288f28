"""What kind of installation this is, for banner and sign-in."""

from __future__ import annotations

from django.conf import settings


def is_demo() -> bool:
    """Whether this installation shows simulated data and offers one-click sign-ins."""
    return bool(getattr(settings, "SIYU_DEMO", False))


def brand_name() -> str:
    """The brand's name as shown in the frame."""
    return str(getattr(settings, "SIYU_BRAND", "") or "")
