"""What a row of the audit trail says, in its reader's words instead of stored values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from siyu.foundation import api as foundation
from siyu.insights.scoring import api as scoring
from siyu.interfaces.console import words
from siyu.interfaces.console.ports import order_imports
from siyu.interfaces.console.scopes import scope_names
from siyu.interfaces.ui import display
from siyu.interfaces.ui.api import Visit, brand
from siyu.kit.money import format_minor

MOST = 10
"""Numbers of things shown of a long list."""


@dataclass(frozen=True)
class Told:
    """A row as shown: what it was done to, and the details as (name, value)."""

    row: foundation.AuditView
    what: str
    details: list[tuple[str, str]]


class Reader:
    """Tells rows of the trail; what it looks up (units, presets) it looks up once."""

    def __init__(self, seen: Visit) -> None:
        self._seen = seen

    def tell(self, row: foundation.AuditView) -> Told:
        """One row in words."""
        what = row.object_id if row.object_id != "0" else ""
        declared = foundation.SETTINGS.find(row.object_id) if row.object_kind == "setting" else None
        if declared is not None:
            what = str(declared.label)
        details = [
            (str(words.word("audit_detail", key)[0]), self._value(key, value, declared))
            for key, value in row.detail.items()
        ]
        return Told(row, what, [(name, value) for name, value in details if value])

    def _value(self, key: str, value: Any, declared: foundation.SettingType | None) -> str:
        if declared is not None and key == "value":
            return setting_value(declared, value)
        special = self._special.get(key)
        return special(value) if special is not None else plain(value)

    @cached_property
    def _special(self) -> dict[str, Callable[[Any], str]]:
        return {
            "role": lambda value: str(dict(_roles()).get(value, value)),
            "scopes": lambda value: plain([self._scopes.get(one, one) for one in value]),
            "scope": lambda value: self._scopes.get(value, value),
            "preset": lambda value: self._presets.get(value, value),
            "taken_at": _moment,
            "at": _moment,
            "amount": lambda value: format_minor(value, brand().currency),
            "reason": lambda value: _("from the list of doubtful pairs") if value == "case" else plain(value),
            "fields": lambda value: plain([str(words.word("profile_field", one)[0]) for one in value]),
            "filters": self._filters,
        }

    @cached_property
    def _scopes(self) -> dict[str, str]:
        return scope_names(self._seen)

    @cached_property
    def _presets(self) -> dict[str, str]:
        return {one.name: str(one.label) for one in order_imports().presets()}

    def _filters(self, value: Mapping[str, str]) -> str:
        parts = []
        for name, chosen in value.items():
            if name == "unit":
                chosen = self._scopes.get(f"unit:{chosen}", chosen)
            elif name == "employee":
                chosen = _("nobody") if chosen == "none" else self._scopes.get(f"employee:{chosen}", chosen)
            elif name == "stage" and chosen in list(scoring.Stage):
                chosen = str(scoring.STAGE_LABELS[scoring.Stage(chosen)])
            elif name == "friend":
                chosen = plain(chosen == "yes")
            elif name in ("bought_within", "bought_over") and chosen.isdecimal():
                chosen = ngettext("%(n)d day", "%(n)d days", int(chosen)) % {"n": int(chosen)}
            parts.append(
                _("%(name)s %(value)s") % {"name": words.word("list_filter", name)[0], "value": chosen}
            )
        return _(", ").join(parts)


def setting_value(declared: foundation.SettingType, value: Any) -> str:
    """The value of a setting as its page names it."""
    if isinstance(value, bool):
        return _("On") if value else _("Off")
    if declared.choices is not None:
        return str(dict(declared.choices()).get(value, value))
    return plain(value) or _("empty")


def plain(value: Any) -> str:
    """Numbers with separators, yes and no, lists side by side (the first ten), nothing as nothing."""
    if value is None or value == "" or value == [] or value == {}:
        return ""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, list | tuple):
        shown = _(", ").join(str(one) for one in value[:MOST])
        return (
            shown
            if len(value) <= MOST
            else _("%(some)s and others, %(n)d in all") % {"some": shown, "n": len(value)}
        )
    if isinstance(value, dict):
        return _(", ").join(
            _("%(name)s %(value)s") % {"name": words.word("audit_detail", str(name))[0], "value": plain(one)}
            for name, one in value.items()
        )
    return str(value)


def _roles() -> list[tuple[str, object]]:
    return [(role.value, label) for role, label in foundation.ROLE_LABELS.items()]


def _moment(value: str) -> str:
    try:
        return display.exact(datetime.fromisoformat(value))
    except ValueError:
        return value
