"""What the tests of staff, customers, policy and goals share."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from django.db import connection, connections, transaction

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
LEAD = foundation.Principal(foundation.Role.LEAD, "Lead", (foundation.SCOPE_ALL,), user_id=1)

UNITS = (
    staff.UnitSpec("1", "总部", staff.UnitKind.COMPANY),
    staff.UnitSpec("2", "华东", staff.UnitKind.REGION, "1"),
    staff.UnitSpec("3", "华南", staff.UnitKind.REGION, "1"),
    staff.UnitSpec("21", "南京路店", staff.UnitKind.STORE, "2", "S21"),
    staff.UnitSpec("22", "淮海路店", staff.UnitKind.STORE, "2", "S22"),
    staff.UnitSpec("31", "天河店", staff.UnitKind.STORE, "3", "S31"),
)
PEOPLE = (
    staff.EmployeeSpec("wang", "王敏", "21", staff.StaffRole.MANAGER, "13800000001"),
    staff.EmployeeSpec("li", "李娜", "21", mobile="13800000002"),
    staff.EmployeeSpec("zhao", "赵雪", "22"),
    staff.EmployeeSpec("chen", "陈晨", "31"),
)


def hours(count: float) -> datetime:
    """So many hours after the tests' beginning of time."""
    return AT + timedelta(hours=count)


def directory(at: datetime = AT) -> tuple[dict[str, int], dict[str, int]]:
    """The small brand of the tests: (store code or name → unit id, userid → employee id)."""
    staff.sync_directory(UNITS, PEOPLE, source="corp", at=at)
    units = {unit.code or unit.name: unit.id for unit in staff.unit_tree(at)}
    return units, {person.userid: person.id for person in staff.employees(at)}


def ref(kind: str, value: str, realm: str = "") -> customers.IdentityRef:
    """A reference."""
    return customers.IdentityRef(kind, value, realm)


def phone(number: int) -> customers.IdentityRef:
    """The phone of person ``number``."""
    return ref("phone", f"138{number:08d}")


def person(number: int, at: datetime = AT) -> int:
    """The customer with that phone."""
    found = customers.identify([phone(number)], at=at, source="test")[0].customer_id
    assert found is not None
    return found


def told(*names: str) -> list[facts.Fact]:
    """Facts of these names in order of recording."""
    return sorted(facts.read(names=names, limit=10_000), key=lambda fact: fact.id)


def all_rows() -> dict[str, list[tuple[object, ...]]]:
    """Every row of the tables of people and every fact: to see that nothing changed."""
    tables = [
        name
        for name in connection.introspection.table_names()
        if name.startswith(("records_staff", "records_customers", "records_goals"))
    ]
    found = {name: foundation.fetch(f"SELECT * FROM {name} ORDER BY 1, 2") for name in sorted(tables)}
    return {**found, "facts": foundation.fetch("SELECT id FROM facts_event ORDER BY id")}


@contextmanager
def rolled_back() -> Iterator[None]:
    """One example of a property: everything it wrote is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def at_once(*doings: Callable[[], object]) -> list[object]:
    """Run each in a thread and transaction of its own, started together; results or the errors raised."""
    gate = threading.Barrier(len(doings))
    results: list[object] = [None] * len(doings)

    def run(number: int, doing: Callable[[], object]) -> None:
        try:
            gate.wait(timeout=10)
            with foundation.transaction():
                results[number] = doing()
        except Exception as error:  # handed to the test
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item) for item in enumerate(doings)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results
