"""What an account or key may see, in words."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.interfaces.ui.api import Visit
from siyu.records.staff import api as staff


def scope_choices(seen: Visit) -> list[tuple[str, Any]]:
    """Everything, a unit with all below it, or one employee's own customers."""
    units = [(f"unit:{unit.id}", unit.path) for unit in staff.unit_tree(seen.at)]
    people = [(f"employee:{one.id}", f"{one.unit_name} · {one.name}") for one in staff.employees(seen.at)]
    groups: list[tuple[str, Any]] = [(foundation.SCOPE_ALL, _("Everything"))]
    if units:
        groups.append((_("A unit and all below it"), units))
    if people:
        groups.append((_("One employee"), people))
    return groups


def scope_names(seen: Visit) -> dict[str, str]:
    """Scope → words, for lists."""
    names: dict[str, str] = {}
    for value, label in scope_choices(seen):
        names |= dict(label) if isinstance(label, list) else {value: str(label)}
    return names
