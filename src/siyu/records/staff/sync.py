"""Take over a directory: make tree and employees of one source equal to what the source says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import Conflict
from siyu.records.staff import rules
from siyu.records.staff.contracts import (
    OWNER,
    EmployeeJoined,
    EmployeeLeft,
    EmployeeMoved,
    EmployeeSpec,
    SyncResult,
    UnitChanged,
    UnitSpec,
)
from siyu.records.staff.models import Employee, Employment, OrgUnit, UnitVersion


@dataclass(frozen=True)
class _Version:
    """What a unit's version says, for comparison."""

    parent_id: int | None
    kind: str
    name: str
    code: str


@dataclass(frozen=True)
class _Place:
    """Where an employee works, for comparison."""

    unit_id: int
    role: str


def sync_directory(
    units: Sequence[UnitSpec],
    employees: Sequence[EmployeeSpec],
    *,
    source: str,
    at: datetime,
    allow_shrink: bool = False,
) -> SyncResult:
    """Make the tree and the employees of ``source`` equal to what it says now; ends what is missing.

    Idempotent: the same directory again changes nothing and records no fact. History stays: versions
    and employments are closed at ``at``, not overwritten. Raises BadInput for a directory that is empty
    or no tree, and Conflict("directory.shrank") where more than half of the staff would leave at once,
    which usually is a failed pull (``allow_shrink`` says that it is meant).
    """
    rules.check_directory(units, employees)
    foundation.advisory_lock("staff.sync", source)
    events: list[facts.NewFact] = []
    # What ended goes first: its business codes may be in use again.
    ended = _end_units({spec.external_id for spec in units}, source, at, events)
    ids, unit_counts = _sync_units(units, source, at, events)
    staff_counts = _sync_employees(employees, ids, source, at, allow_shrink, events)
    facts.record(events, at=at)
    return SyncResult(units_ended=ended, **unit_counts, **staff_counts)


def _fact(name: str, payload: object, key: str, at: datetime) -> facts.NewFact:
    return facts.NewFact(
        name=name,
        payload=payload,
        occurred_at=at,
        subject_id=None,
        source=OWNER,
        external_id=f"{key}:{at.isoformat()}",
    )


def _sync_units(
    units: Sequence[UnitSpec], source: str, at: datetime, events: list[facts.NewFact]
) -> tuple[dict[str, int], dict[str, int]]:
    by_key = {spec.external_id: spec for spec in units}
    OrgUnit.objects.bulk_create(
        [OrgUnit(source=source, external_id=key) for key in by_key], ignore_conflicts=True
    )
    ids = dict(OrgUnit.objects.filter(source=source).values_list("external_id", "id"))
    current = {
        row.unit_id: row
        for row in UnitVersion.objects.filter(unit_id__in=ids.values(), valid_to__isnull=True)
    }
    counts = {"units_added": 0, "units_changed": 0}
    fresh: list[UnitVersion] = []
    closed: list[int] = []
    for key in rules.order_of({spec.external_id: spec.parent_external_id for spec in units}):
        spec, unit_id = by_key[key], ids[key]
        wanted = _Version(
            ids[spec.parent_external_id] if spec.parent_external_id is not None else None,
            spec.kind.value,
            spec.name.strip()[:100],
            spec.code.strip()[:64],
        )
        old = current.get(unit_id)
        if old and _Version(old.parent_id, old.kind, old.name, old.code) == wanted:
            continue
        if old:
            closed.append(old.pk)
        counts["units_changed" if old else "units_added"] += 1
        fresh.append(UnitVersion(unit_id=unit_id, valid_from=at, **wanted.__dict__))
        change = "changed" if old else "added"
        events.append(_fact("unit.changed", UnitChanged(unit_id, change), f"unit:{unit_id}:{change}", at))
    _close_versions(closed, at)
    UnitVersion.objects.bulk_create(fresh)
    return ids, counts


def _close_versions(version_ids: Sequence[int], at: datetime) -> None:
    foundation.execute(
        "UPDATE records_staff_unitversion SET valid_to = greatest(valid_from, %s) WHERE id = ANY(%s)",
        [at, list(version_ids)],
    )


def _end_units(kept: set[str], source: str, at: datetime, events: list[facts.NewFact]) -> int:
    gone = list(
        UnitVersion.objects.filter(unit__source=source, valid_to__isnull=True)
        .exclude(unit__external_id__in=kept)
        .order_by("unit_id")
    )
    _close_versions([row.pk for row in gone], at)
    for row in gone:
        events.append(
            _fact("unit.changed", UnitChanged(row.unit_id, "ended"), f"unit:{row.unit_id}:ended", at)
        )
    return len(gone)


def _sync_employees(
    employees: Sequence[EmployeeSpec],
    units: dict[str, int],
    source: str,
    at: datetime,
    allow_shrink: bool,
    events: list[facts.NewFact],
) -> dict[str, int]:
    before = {row.userid: row for row in Employee.objects.filter(source=source)}
    updated = _write_people(employees, before, source)
    people = dict(Employee.objects.filter(source=source).values_list("userid", "id"))
    open_rows = {
        row.employee_id: row for row in Employment.objects.filter(employee__source=source, until__isnull=True)
    }
    wanted = {
        people[spec.userid]: _Place(units[spec.unit_external_id], spec.role.value) for spec in employees
    }
    leaving = sorted(set(open_rows) - set(wanted))
    if rules.shrinks_too_much(len(open_rows), len(leaving)) and not allow_shrink:
        raise Conflict(
            "directory.shrank",
            _("%(leaving)s of %(before)s employees would leave at once. Check the directory, then confirm."),
            leaving=len(leaving),
            before=len(open_rows),
        )
    counts = {"joined": 0, "moved": 0, "left": len(leaving), "updated": updated}
    closed = [open_rows[person].pk for person in leaving]
    for person in leaving:
        payload = EmployeeLeft(person, open_rows[person].unit_id)
        events.append(_fact("employee.left", payload, f"employee:{person}:left", at))
    fresh: list[Employment] = []
    for person, place in sorted(wanted.items()):
        old = open_rows.get(person)
        if old and _Place(old.unit_id, old.role) == place:
            continue
        fresh.append(Employment(employee_id=person, unit_id=place.unit_id, role=place.role, since=at))
        if old:
            closed.append(old.pk)
        _note_move(person, place, old, at, events, counts)
    foundation.execute(
        "UPDATE records_staff_employment SET until = greatest(since, %s) WHERE id = ANY(%s)", [at, closed]
    )
    Employment.objects.bulk_create(fresh)
    return counts


def _note_move(
    person: int,
    place: _Place,
    old: Employment | None,
    at: datetime,
    events: list[facts.NewFact],
    counts: dict[str, int],
) -> None:
    if old is None:
        counts["joined"] += 1
        joined = EmployeeJoined(person, place.unit_id)
        events.append(_fact("employee.joined", joined, f"employee:{person}:joined", at))
    elif old.unit_id != place.unit_id:
        counts["moved"] += 1
        moved = EmployeeMoved(person, place.unit_id, old.unit_id)
        events.append(_fact("employee.moved", moved, f"employee:{person}:moved", at))
    else:
        counts["updated"] += 1


def _write_people(employees: Sequence[EmployeeSpec], before: dict[str, Employee], source: str) -> int:
    """Insert unknown employees, change names and titles of known ones; returns how many changed."""
    fresh, changed = [], []
    for spec in employees:
        fields = {
            "name": spec.name.strip()[:64] or spec.userid,
            "title": spec.title.strip()[:64],
            "mobile_masked": rules.mask_mobile(spec.mobile),
        }
        row = before.get(spec.userid)
        if row is None:
            fresh.append(Employee(source=source, userid=spec.userid, **fields))
        elif any(getattr(row, field) != value for field, value in fields.items()):
            for field, value in fields.items():
                setattr(row, field, value)
            changed.append(row)
    Employee.objects.bulk_create(fresh)
    if changed:
        Employee.objects.bulk_update(changed, ["name", "title", "mobile_masked"], batch_size=500)
    return len(changed)
