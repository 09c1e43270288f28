"""Hands the log's word on settings to the foundation."""

from __future__ import annotations

from django.utils.translation import gettext as _

from siyu.facts.events.models import Event
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput


def _zone_is_fixed(_value: object) -> None:
    """Figures by day rest on the zone they were counted in."""
    if Event.objects.exists():
        raise BadInput(
            "setting.zone_in_use",
            _("Days are counted in this time zone already; it can only be changed before the first fact."),
        )


def wire() -> None:
    """Called once by discovery."""
    foundation.GUARDS.register("brand.timezone", _zone_is_fixed)
