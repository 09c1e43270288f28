"""Pure rules of the organisation: a directory is a tree; paths; subtrees; masked mobiles."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext_lazy as _

from siyu.kit.errors import BadInput
from siyu.records.staff.contracts import EmployeeSpec, UnitSpec

#: A sync that would let more than this share of at least ten people go is taken for a failed pull.
SHRINK_SHARE = 0.5
SHRINK_FLOOR = 10


def check_directory(units: Sequence[UnitSpec], employees: Sequence[EmployeeSpec]) -> None:
    """Refuse (BadInput) what is not one forest with known parents and every employee in a known unit."""
    if not units:
        raise BadInput(
            "directory.empty",
            _("The directory holds no department. Check the app's visible range and sync again."),
        )
    parents = {unit.external_id: unit.parent_external_id for unit in units}
    if len(parents) != len(units):
        raise BadInput("directory.duplicate_unit", _("The directory names one department twice."))
    for unit_id, parent_id in parents.items():
        if parent_id is not None and parent_id not in parents:
            raise BadInput(
                "directory.unknown_parent",
                _("Department %(unit)s hangs under an unknown department."),
                unit=unit_id,
            )
    order_of(parents)
    if len({person.userid for person in employees}) != len(employees):
        raise BadInput("directory.duplicate_employee", _("The directory names one employee twice."))
    for person in employees:
        if person.unit_external_id not in parents:
            raise BadInput(
                "directory.unknown_unit",
                _("Employee %(userid)s belongs to an unknown department."),
                userid=person.userid,
            )


def order_of(parents: Mapping[str, str | None]) -> list[str]:
    """Ids, parents before children; BadInput("directory.cycle") when departments hang in a circle."""
    ordered: list[str] = []
    done: set[str] = set()
    for start in parents:
        chain: list[str] = []
        here: str | None = start
        while here is not None and here not in done:
            if here in chain:
                raise BadInput("directory.cycle", _("Department %(unit)s hangs under itself."), unit=here)
            chain.append(here)
            here = parents.get(here)
        for item in reversed(chain):
            ordered.append(item)
            done.add(item)
    return ordered


def subtree(parents: Mapping[int, int | None], roots: Iterable[int]) -> set[int]:
    """The roots and everything below them."""
    children: dict[int, list[int]] = {}
    for unit, parent in parents.items():
        if parent is not None:
            children.setdefault(parent, []).append(unit)
    found: set[int] = set()
    todo = [root for root in roots if root in parents]
    while todo:
        unit = todo.pop()
        if unit not in found:
            found.add(unit)
            todo.extend(children.get(unit, ()))
    return found


def chain_of(parents: Mapping[int, int | None], unit_id: int) -> tuple[int, ...]:
    """Root to self. A parent that is not in the map ends the chain."""
    chain: list[int] = []
    here: int | None = unit_id
    while here is not None and here in parents and here not in chain:
        chain.append(here)
        here = parents[here]
    return tuple(reversed(chain))


def mask_mobile(mobile: str) -> str:
    """Keep the first three and the last four digits; shorter numbers disappear."""
    digits = re.sub(r"\D", "", mobile)
    digits = digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 8 else ""


def shrinks_too_much(before: int, leaving: int) -> bool:
    """Whether a sync looks like a failed pull: at least ten people known and more than half would go."""
    return before >= SHRINK_FLOOR and leaving > before * SHRINK_SHARE
