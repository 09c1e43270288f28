"""Hands the log's word on settings to the foundation."""

from __future__ import annotations

from django.utils.translation import gettext as _

from siyu.facts.events.models import Event
from siyu.foundation import api as foundation


def _zone_is_fixed() -> str:
    """Figures by day rest on the zone they were counted in."""
    if not Event.objects.exists():
        return ""
    return _("Days are counted in this time zone already; it can only be changed before the first fact.")


def _no_facts_meanwhile() -> None:
    """Wait for facts under way, and keep new ones waiting until the change of the zone is committed.

    A lock on the table instead of one that each writer takes: facts are written all the time, zones hardly ever.
    """
    foundation.lock_writers(Event._meta.db_table)


def wire() -> None:
    """Called once by discovery."""
    foundation.GUARDS.register(
        "brand.timezone",
        foundation.SettingGuard("setting.zone_in_use", _zone_is_fixed, _no_facts_meanwhile),
    )
