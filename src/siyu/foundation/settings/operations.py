"""Typed settings: declared by modules, dated in the database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.foundation.accounts.contracts import Principal
from siyu.foundation.audit.operations import audit
from siyu.foundation.registry import Registry
from siyu.foundation.settings.models import SettingValue
from siyu.kit.errors import BadInput


@dataclass(frozen=True)
class SettingType:
    """A setting a module reads. ``type`` is bool, int, str, list or dict; ints may have bounds."""

    key: str
    type: type
    default: Any
    label: str | Promise
    help: str | Promise = ""
    group: str = "general"
    minimum: int | None = None
    maximum: int | None = None


@dataclass(frozen=True)
class SettingView:
    """A setting with the value in force and since when (None = the default)."""

    type: SettingType
    value: Any
    since: datetime | None
    set_by: str


SETTINGS: Registry[SettingType] = Registry("settings")


def get_setting(key: str, *, at: datetime) -> Any:
    """The value in force at ``at``; the declared default when none was set. KeyError if undeclared."""
    declared = SETTINGS.get(key)
    row = (
        SettingValue.objects.filter(key=key, effective_from__lte=at)
        .order_by("-effective_from", "-id")
        .first()
    )
    return row.value if row is not None else declared.default


def set_setting(
    key: str, value: Any, *, at: datetime, by: Principal, effective_from: datetime | None = None
) -> None:
    """Set a value from ``effective_from`` (default: now) on; audited. BadInput when of the wrong type or out of bounds."""
    declared = SETTINGS.get(key)
    wrong = not isinstance(value, declared.type) or (declared.type is int and isinstance(value, bool))
    if wrong:
        raise BadInput("setting.type", _("This setting takes another kind of value."), key=key)
    if declared.minimum is not None and value < declared.minimum:
        raise BadInput("setting.too_small", _("Enter at least %(minimum)s."), minimum=declared.minimum)
    if declared.maximum is not None and value > declared.maximum:
        raise BadInput("setting.too_large", _("Enter at most %(maximum)s."), maximum=declared.maximum)
    SettingValue.objects.create(
        key=key, value=value, effective_from=effective_from or at, set_at=at, set_by=by.display_name[:100]
    )
    audit(by, "setting.changed", "setting", key, {"value": value}, at=at)


def list_settings(*, at: datetime) -> list[SettingView]:
    """Every declared setting with the value in force, in one query."""
    rows = (
        SettingValue.objects.filter(effective_from__lte=at)
        .order_by("key", "-effective_from", "-id")
        .distinct("key")
    )
    current = {row.key: row for row in rows}
    views = []
    for key, declared in SETTINGS.items():
        row = current.get(key)
        views.append(
            SettingView(
                type=declared,
                value=row.value if row else declared.default,
                since=row.effective_from if row else None,
                set_by=row.set_by if row else "",
            )
        )
    return views
