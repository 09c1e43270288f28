"""Who sees whom is kept, and is at every moment what assignments, friendships and merges say."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.foundation import api as foundation
from siyu.kit.errors import SiyuError
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.records.people import AT, LEAD, at_once, directory, hours, person, phone, ref, rolled_back

pytestmark = pytest.mark.django_db
PEOPLE, CLERKS = 4, ("li", "zhao", "chen")
KINDS = ("external_userid", "unionid", "device")


def kept() -> set[tuple[int, int]]:
    return set(foundation.fetch("SELECT customer_id, viewer FROM records_customers_sight"))


def worked_out() -> set[tuple[int, int]]:
    """The same by walking over the rows of the other tables in Python."""
    force = dict(foundation.fetch("SELECT id, root_id FROM records_customers_customer"))
    owner = dict(
        foundation.fetch(
            "SELECT subject_id, home_id FROM records_customers_subjectmap WHERE valid_to IS NULL"
        )
    )
    found = set()
    for customer, employee, unit, until in foundation.fetch(
        "SELECT customer_id, employee_id, unit_id, until FROM records_customers_assignment"
    ):
        if until is None:
            found |= {(force[customer], employee)} | ({(force[customer], -unit)} if unit else set())
    for subject, employee, until in foundation.fetch(
        "SELECT subject_id, employee_id, until FROM records_customers_contact"
    ):
        if until is None and subject in owner:
            found.add((force[owner[subject]], employee))
    return found


def identity(number: int, kind: str) -> customers.IdentityRef:
    return phone(number) if kind == "phone" else ref(kind, f"{kind}{number}", "r")


class House:
    """Does random things to four people of four identities each."""

    def __init__(self) -> None:
        _units, self.clerks = directory()
        self.merges: list[int] = []
        self.customers = [person(number) for number in range(PEOPLE)]
        names = [identity(number, kind) for number in range(PEOPLE) for kind in KINDS]
        self.subjects = [one.subject_id for one in customers.identify(names, at=AT, source="t")]

    def do(self, what: str, one: int, other: int, hour: int) -> None:
        at, clerk = hours(hour), self.clerks[CLERKS[other % 3]]
        subject = self.subjects[(one * 5 + other) % len(self.subjects)]
        customer, second = self.customers[one], self.customers[other]
        if what == "assign":
            customers.assign([customer, second], clerk, at=at, reason="t")
        elif what == "add":
            customers.add_contact([customers.ContactSpec(subject, clerk, "c", at)], at=at, source="t")
        elif what == "end":
            spec = customers.ContactEndSpec(subject, clerk, "c", at, customers.EndedBy.CUSTOMER)
            customers.end_contact([spec], at=at, source="t")
        elif what == "merge" and customer != second:
            with foundation.savepoint():
                self.merges.append(customers.merge(customer, second, at=at, by=LEAD))
        elif what == "undo" and self.merges:
            customers.undo_merge(self.merges[one % len(self.merges)], at=at, by=LEAD)
        elif what == "link":
            pair = [identity(one, "phone"), identity(one, KINDS[other % 3])]
            customers.link([pair], at=at, source="t")
        elif what == "claim":
            customers.claim_subject(subject, customer, at=at)
        elif what == "erase":
            customers.erase_customer(customer, scope=staff.EVERYTHING, at=at, by=LEAD)


WORDS = ("assign", "add", "add", "end", "merge", "undo", "link", "claim")
step = st.tuples(st.sampled_from((*WORDS, "erase")), st.integers(0, 3), st.integers(0, 3), st.integers(1, 30))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(step, min_size=3, max_size=20))
def test_whatever_happens_what_is_kept_is_what_the_records_say(
    steps: list[tuple[str, int, int, int]],
) -> None:
    with rolled_back():
        house = House()
        for one in steps:
            try:
                house.do(*one)
            except SiyuError:
                continue
            assert kept() == worked_out(), one
        before = kept()
        customers.see_all_anew()
        assert kept() == before


def clash(first: Callable[[], Any], second: Callable[[], Any]) -> None:
    """``first`` is done and not yet committed when ``second`` begins."""
    done = threading.Event()

    def ahead() -> None:
        first()
        done.set()
        threading.Event().wait(0.4)

    def behind() -> None:
        done.wait(10)
        second()

    errors = [result for result in at_once(ahead, behind) if isinstance(result, Exception)]
    assert errors == []
    assert kept() == worked_out()


@pytest.mark.django_db(transaction=True)
def test_two_that_change_one_customer_at_once_leave_both_changes() -> None:
    house = House()
    one, two, three, _four = house.customers
    own = [customers.anchors_of([customer])[customer] for customer in (one, two, three)]
    li, zhao, chen = (house.clerks[name] for name in CLERKS)

    def add(subject: int, clerk: int, hour: int) -> None:
        customers.add_contact([customers.ContactSpec(subject, clerk, "c", hours(hour))], at=AT, source="t")

    def end(subject: int, clerk: int, hour: int) -> None:
        spec = customers.ContactEndSpec(subject, clerk, "c", hours(hour), customers.EndedBy.CUSTOMER)
        customers.end_contact([spec], at=AT, source="t")

    merges: list[int] = []
    clash(lambda: add(own[1], li, 1), lambda: merges.append(customers.merge(one, two, at=AT, by=LEAD)))
    assert kept() == {(one, li)}
    clash(lambda: customers.undo_merge(merges[0], at=AT, by=LEAD), lambda: add(own[1], zhao, 1))
    assert kept() == {(two, li), (two, zhao)}
    customers.merge(one, two, at=AT, by=LEAD)
    add(own[0], chen, 1)
    clash(lambda: end(own[0], chen, 2), lambda: add(own[1], chen, 2))
    assert (one, chen) in kept()
    clash(lambda: add(own[2], li, 1), lambda: customers.assign([three], zhao, at=hours(1), reason="t"))
    assert {viewer for customer, viewer in kept() if customer == three} >= {li, zhao}


@pytest.mark.django_db(transaction=True)
def test_a_friend_made_while_nobody_knows_whose_the_device_is() -> None:
    house = House()
    one, li = house.customers[0], house.clerks["li"]
    devices = [house.subjects[number * len(KINDS) + KINDS.index("device")] for number in (0, 1)]
    specs = [customers.ContactSpec(device, li, "c", hours(1)) for device in devices]
    clash(
        lambda: customers.add_contact(specs[:1], at=AT, source="t"),
        lambda: customers.claim_subject(devices[0], one, at=AT),
    )
    assert kept() == {(one, li)}
    other = [identity(1, "phone"), identity(1, "device")]
    clash(
        lambda: customers.add_contact(specs[1:], at=AT, source="t"),
        lambda: customers.link([other], at=AT, source="t"),
    )
    assert kept() == {(one, li), (house.customers[1], li)}


@pytest.mark.django_db(transaction=True)
def test_many_at_once_leave_what_the_records_say() -> None:
    house = House()
    lots = random.Random(5)
    for _round in range(6):
        doings = [
            lambda: house.do(lots.choice(WORDS), lots.randrange(4), lots.randrange(4), lots.randrange(1, 30))
            for _worker in range(4)
        ]
        for result in at_once(*doings):
            if isinstance(result, Exception) and not isinstance(result, SiyuError):
                raise result
        assert kept() == worked_out()


def test_the_database_refuses_a_viewer_twice_and_nobody_as_viewer() -> None:
    for rows in ("(1, 2), (1, 2)", "(1, 0)"):
        with pytest.raises(IntegrityError), transaction.atomic():
            foundation.execute(f"INSERT INTO records_customers_sight (customer_id, viewer) VALUES {rows}")


def test_a_scope_is_one_look_into_an_index() -> None:
    units, people = directory()
    mine = [person(number) for number in range(3)]
    customers.assign(mine[:2], people["li"], at=hours(1), reason="t")
    viewers = staff.Scope(unit_ids=frozenset({units["S21"]}), employee_ids=frozenset({people["wang"]}))
    assert customers.few_in_scope(viewers, 2) == mine[:2]
    assert customers.few_in_scope(viewers, 1) is None
    assert [customers.pairs_in_scope(viewers, most) for most in (9, 1)] == [2, 2]
    for each, small in ((True, False), (False, False), (False, True)):
        condition, params = customers.scope_sql(viewers, "c.id", each=each, small=small)
        sql = f"SELECT c.id FROM records_customers_customer c WHERE {condition} ORDER BY 1"
        assert [row[0] for row in foundation.fetch(sql, params)] == mine[:2]
        assert "assignment" not in condition and "contact" not in condition
