"""The organisation: idempotent sync, dated history, scopes."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.records.people import AT, PEOPLE, UNITS, all_rows, directory, hours, rolled_back, told

pytestmark = pytest.mark.django_db


def test_a_directory_is_taken_over_and_the_second_time_changes_nothing() -> None:
    first = staff.sync_directory(UNITS, PEOPLE, source="corp", at=AT)
    assert (first.units_added, first.joined) == (6, 4)
    before = all_rows()
    shuffled = random.Random(1).sample(UNITS, len(UNITS))
    assert staff.sync_directory(shuffled, PEOPLE[::-1], source="corp", at=hours(1)) == staff.SyncResult()
    assert all_rows() == before
    tree = staff.unit_tree(AT)
    assert [unit.path for unit in tree] == [
        "总部",
        "总部 / 华东",
        "总部 / 华东 / 南京路店",
        "总部 / 华东 / 淮海路店",
        "总部 / 华南",
        "总部 / 华南 / 天河店",
    ]
    li = staff.employee_by_userid("li", at=AT)
    assert li is not None
    assert (li.name, li.unit_name, li.role, li.mobile_masked, li.active) == (
        "李娜",
        "南京路店",
        staff.StaffRole.CLERK,
        "138****0002",
        True,
    )


def test_a_transfer_keeps_what_was_before() -> None:
    units, people = directory()
    moved = [replace(p, unit_external_id="31") if p.userid == "li" else p for p in PEOPLE]
    assert staff.sync_directory(UNITS, moved, source="corp", at=hours(10)) == staff.SyncResult(moved=1)
    assert staff.units_at(
        [(people["li"], hours(9.9)), (people["li"], hours(10)), (people["li"], hours(-1))]
    ) == [
        units["S21"],
        units["S31"],
        None,
    ]
    history = staff.employment_history(people["li"])
    assert [(h.unit_name, h.since, h.until) for h in history] == [
        ("南京路店", AT, hours(10)),
        ("天河店", hours(10), None),
    ]
    assert [p.userid for p in staff.employees(hours(11), [units["S31"]])] == ["chen", "li"]
    assert [p.userid for p in staff.employees(hours(1), [units["S31"]])] == ["chen"]
    fact = told("employee.moved")[0]
    assert (fact.payload.unit_id, fact.payload.previous_unit_id) == (units["S31"], units["S21"])


def test_who_is_missing_has_left_and_may_come_back() -> None:
    _units, people = directory()
    staff.sync_directory(UNITS, PEOPLE[:3], source="corp", at=hours(1))
    chen = staff.employee_by_userid("chen", at=hours(2))
    assert chen is not None
    assert (chen.active, chen.unit_name) == (False, "天河店")
    assert [p.userid for p in staff.employees(hours(2))] == ["wang", "li", "zhao"]
    assert [p.userid for p in staff.employees(AT)] == ["wang", "li", "zhao", "chen"]
    staff.sync_directory(UNITS, PEOPLE, source="corp", at=hours(3))
    assert [p.userid for p in staff.employees(hours(4))] == ["wang", "li", "zhao", "chen"]
    assert staff.units_at([(people["chen"], hours(2))]) == [None]
    assert [fact.name for fact in told("employee.joined", "employee.left")] == ["employee.joined"] * 4 + [
        "employee.left",
        "employee.joined",
    ]


def test_units_change_and_end_with_dates_and_give_their_code_on() -> None:
    units, _people = directory()
    changed = [
        replace(unit, name="南京东路店", parent_external_id="3") if unit.external_id == "21" else unit
        for unit in UNITS
        if unit.external_id != "22"
    ] + [staff.UnitSpec("23", "新店", staff.UnitKind.STORE, "2", "S22")]
    people = [replace(p, unit_external_id="23") if p.userid == "zhao" else p for p in PEOPLE]
    result = staff.sync_directory(changed, people, source="corp", at=hours(5))
    assert (result.units_added, result.units_changed, result.units_ended, result.moved) == (1, 1, 1, 1)
    assert staff.units_by_code(["S22", "S21", "S99"], at=AT)["S22"].name == "淮海路店"
    now = staff.units_by_code(["S22", "S21"], at=hours(5))
    assert (now["S22"].name, now["S21"].path) == ("新店", "总部 / 华南 / 南京东路店")
    ended = {unit.name: unit for unit in staff.unit_tree(hours(6), ended=True)}
    assert not ended["淮海路店"].active
    assert ended["淮海路店"].id == units["S22"]


BROKEN = {
    "directory.empty": ([], []),
    "directory.duplicate_unit": ([*UNITS, UNITS[0]], PEOPLE),
    "directory.unknown_parent": ([staff.UnitSpec("9", "x", staff.UnitKind.STORE, "8")], []),
    "directory.cycle": (
        [
            staff.UnitSpec("8", "x", staff.UnitKind.REGION, "9"),
            staff.UnitSpec("9", "y", staff.UnitKind.REGION, "8"),
        ],
        [],
    ),
    "directory.duplicate_employee": (UNITS, [*PEOPLE, PEOPLE[0]]),
    "directory.unknown_unit": (UNITS, [staff.EmployeeSpec("x", "x", "404")]),
}


@pytest.mark.parametrize("code", BROKEN)
def test_what_is_no_tree_is_refused_whole(code: str) -> None:
    directory()
    before = all_rows()
    units, people = BROKEN[code]
    with pytest.raises(BadInput) as caught:
        staff.sync_directory(units, people, source="corp", at=hours(1))
    assert caught.value.code == code
    assert all_rows() == before


def test_a_failed_pull_does_not_dismiss_the_staff() -> None:
    many = [staff.EmployeeSpec(f"e{n}", f"E{n}", "21") for n in range(12)]
    staff.sync_directory(UNITS, many, source="corp", at=AT)
    with pytest.raises(Conflict) as caught, foundation.savepoint():
        staff.sync_directory(UNITS, many[:5], source="corp", at=hours(1))
    assert caught.value.code == "directory.shrank"
    assert len(staff.employees(hours(2))) == 12
    meant = staff.sync_directory(UNITS, many[:5], source="corp", at=hours(1), allow_shrink=True)
    assert meant.left == 7


def test_two_directories_are_kept_apart() -> None:
    directory()
    other = [staff.UnitSpec("1", "另一家", staff.UnitKind.COMPANY)]
    staff.sync_directory(other, [staff.EmployeeSpec("li", "李四", "1")], source="corp2", at=AT)
    assert len(staff.employees(AT)) == 5
    with pytest.raises(Conflict):
        staff.employee_by_userid("li", at=AT)
    found = staff.employee_by_userid("li", at=AT, source="corp2")
    assert found is not None
    assert found.name == "李四"


def test_the_database_refuses_two_employments_at_once() -> None:
    units, people = directory()
    for since, until in ((hours(1), None), (hours(1), hours(2))):
        with pytest.raises(IntegrityError), transaction.atomic():
            foundation.execute(
                "INSERT INTO records_staff_employment (employee_id, unit_id, role, since, until)"
                " VALUES (%s, %s, 'clerk', %s, %s)",
                [people["li"], units["S22"], since, until],
            )


def scope_of(*scopes: str) -> staff.Scope:
    who = foundation.Principal(foundation.Role.CLERK, "x", scopes, user_id=1)
    return staff.resolve_scope(who, at=hours(1))


def test_scopes_follow_the_tree() -> None:
    units, people = directory()
    assert scope_of("all") == staff.EVERYTHING
    store = scope_of(f"unit:{units['S21']}", f"employee:{people['wang']}")
    assert store.unit_ids == {units["S21"]}
    assert store.employee_ids == {people["wang"], people["li"]}
    assert store.employee_id == people["wang"]
    region = scope_of(f"unit:{units['华东']}")
    assert region.unit_ids == {units["华东"], units["S21"], units["S22"]}
    assert region.employee_ids == {people["wang"], people["li"], people["zhao"]}
    clerk = scope_of(f"employee:{people['li']}")
    assert clerk == staff.Scope(employee_ids=frozenset({people["li"]}), employee_id=people["li"])
    assert scope_of() == staff.NOTHING
    assert scope_of("unit:x", "unit:", "unit:404", "everything", "employee:-1", "all ") == staff.NOTHING


def test_a_closed_store_stays_within_its_region() -> None:
    units, _people = directory()
    kept = [unit for unit in UNITS if unit.external_id != "22"]
    people = [p for p in PEOPLE if p.userid != "zhao"]
    staff.sync_directory(kept, people, source="corp", at=hours(0.5))
    assert units["S22"] in scope_of(f"unit:{units['华东']}").unit_ids


def test_whoever_has_left_sees_nobody_with_the_account_that_stays() -> None:
    _units, people = directory()
    one = customers.identify([customers.IdentityRef("phone", "13812345678")], at=hours(0.1), source="t")
    who = one[0].customer_id or 0
    customers.assign([who], people["li"], at=hours(0.2), reason="t")
    assert customers.in_scope([who], scope_of(f"employee:{people['li']}")) == {who}
    staff.sync_directory(UNITS, [p for p in PEOPLE if p.userid != "li"], source="corp", at=hours(0.5))
    assert scope_of(f"employee:{people['li']}") == staff.NOTHING
    assert customers.in_scope([who], scope_of(f"employee:{people['li']}")) == set()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(["21", "22", "31"])), max_size=6),
        max_size=5,
    )
)
def test_syncs_in_a_row_leave_the_last_directory_and_true_facts(rounds: list[list[tuple[str, str]]]) -> None:
    with rolled_back():
        place: dict[str, str] = {}
        for number, rows in enumerate(rounds):
            place = dict(rows)
            people = [staff.EmployeeSpec(who, who, unit) for who, unit in place.items()]
            staff.sync_directory(UNITS, people, source="corp", at=hours(number), allow_shrink=True)
        last = staff.employees(hours(99))
        codes = {unit.id: unit.code for unit in staff.unit_tree(hours(99))}
        assert {p.userid: codes[p.unit_id or 0] for p in last} == {
            who: f"S{unit}" for who, unit in place.items()
        }
        heard: dict[int, int] = {}
        for fact in told("employee.joined", "employee.moved", "employee.left"):
            if fact.name == "employee.left":
                del heard[fact.payload.employee_id]
            else:
                heard[fact.payload.employee_id] = fact.payload.unit_id
        assert heard == {p.id: p.unit_id for p in last}
