"""What an account or key may see, in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.interfaces.ui.api import Visit
from siyu.records.staff import api as staff


def scope_choices(seen: Visit, within: staff.Scope = staff.EVERYTHING) -> list[tuple[str, Any]]:
    """Everything, a unit with all below it, or one employee's own customers; only what lies within a scope."""
    units = [
        (f"unit:{unit.id}", unit.path)
        for unit in staff.unit_tree(seen.at)
        if within.all or unit.id in within.unit_ids
    ]
    people = [
        (f"employee:{one.id}", f"{one.unit_name} · {one.name}")
        for one in staff.employees(seen.at)
        if within.all or one.id in within.employee_ids
    ]
    groups: list[tuple[str, Any]] = [(foundation.SCOPE_ALL, _("Everything"))] if within.all else []
    if units:
        groups.append((_("A unit and all below it"), units))
    if people:
        groups.append((_("One employee"), people))
    return groups


def scope_names(seen: Visit) -> dict[str, str]:
    """Scope → words, for lists."""
    return _flat(scope_choices(seen))


def may_grant(seen: Visit, role: foundation.Role, scopes: Sequence[str]) -> bool:
    """Whether the reader may give, change or take this role and these scopes: nobody hands out more than they have."""
    if role == foundation.Role.OWNER and seen.principal.role != foundation.Role.OWNER:
        return False
    return seen.scope.all or set(scopes) <= set(_flat(scope_choices(seen, seen.scope)))


def role_choices(seen: Visit) -> list[tuple[str, Any]]:
    """The roles that the reader may give."""
    return [
        (role.value, label) for role, label in foundation.ROLE_LABELS.items() if may_grant(seen, role, ())
    ]


def _flat(choices: Sequence[tuple[str, Any]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for value, label in choices:
        names |= dict(label) if isinstance(label, list) else {value: str(label)}
    return names
