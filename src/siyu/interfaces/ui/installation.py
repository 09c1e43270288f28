"""What kind of installation this is, for banner, notice and sign-in, and how the brand counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings

from siyu.foundation import api as foundation
from siyu.kit import clock


@dataclass(frozen=True)
class Brand:
    """What every page says about the brand, and the currency and zone its pages speak in."""

    name: str
    simulated: bool
    notice: str
    currency: str
    zone: ZoneInfo


_KEYS = ("brand.name", "brand.simulated", "brand.notice", "brand.currency", "brand.timezone")
_kept: ContextVar[list[Brand] | None] = ContextVar("siyu_brand", default=None)


def is_demo() -> bool:
    """Whether this installation offers one-click sign-ins."""
    return bool(getattr(settings, "SIYU_DEMO", False))


def brand() -> Brand:
    """The brand as settings say: one query a request, however many amounts its page shows."""
    kept = _kept.get()
    if kept:
        return kept[0]
    found = foundation.get_settings(_KEYS, at=clock.business_now())
    name, simulated, notice, currency, zone = (found[key] for key in _KEYS)
    asked = Brand(str(name), bool(simulated), str(notice), str(currency), ZoneInfo(zone))
    if kept is not None:
        kept.append(asked)
    return asked


@contextmanager
def one_request() -> Iterator[None]:
    """Within it the brand is asked for once."""
    token = _kept.set([])
    try:
        yield
    finally:
        _kept.reset(token)


def forget() -> None:
    """Ask again: a setting was changed within this request."""
    if (kept := _kept.get()) is not None:
        kept.clear()
