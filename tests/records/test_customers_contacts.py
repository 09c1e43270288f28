"""Friend relations come out the same in any order, and each beginning is told once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.records.customers import api as customers
from tests.records.people import AT, all_rows, at_once, hours, ref, rolled_back, told

pytestmark = pytest.mark.django_db
CUSTOMER, EMPLOYEE = customers.EndedBy.CUSTOMER, customers.EndedBy.EMPLOYEE


def stranger(name: str = "wm1") -> customers.Identified:
    return customers.identify([ref("external_userid", name, "corp")], at=AT, source="t")[0]


def added(subject: int, at: float, employee: int = 5, state: str = "s") -> customers.ContactSpec:
    return customers.ContactSpec(subject, employee, "corp", hours(at), state, "1", f"W{at}")


def ended(subject: int, at: float, employee: int = 5) -> customers.ContactEndSpec:
    return customers.ContactEndSpec(subject, employee, "corp", hours(at), CUSTOMER)


def add(*specs: customers.ContactSpec) -> list[bool]:
    return customers.add_contact(specs, at=hours(50), source="wecom")


def end(*specs: customers.ContactEndSpec) -> list[bool]:
    return customers.end_contact(specs, at=hours(50), source="wecom")


def test_a_friend_is_added_once_however_often_it_is_told() -> None:
    one = stranger()
    assert add(added(one.subject_id, 1), added(one.subject_id, 1)) == [True, False]
    before = all_rows()
    assert add(added(one.subject_id, 1)) == [False]
    assert all_rows() == before
    fact = told("contact.added")[0]
    assert fact.occurred_at == hours(1)
    assert fact.subject_id == one.subject_id
    assert (fact.payload.employee_id, fact.payload.state, fact.payload.welcome_ref) == (5, "s", "W1")
    contact = customers.contacts_of([one.customer_id or 0])[one.customer_id or 0][0]
    assert (contact.employee_id, contact.since, contact.until, contact.add_way) == (5, hours(1), None, "1")


def test_leaving_and_coming_back_are_two_periods() -> None:
    one = stranger()
    add(added(one.subject_id, 1))
    assert end(ended(one.subject_id, 2), ended(one.subject_id, 2)) == [True, False]
    assert customers.contacts_of([one.customer_id or 0]) == {}
    assert add(added(one.subject_id, 1)) == [False]  # a late repeat does not bring the friend back
    assert customers.contacts_of([one.customer_id or 0]) == {}
    assert add(added(one.subject_id, 3)) == [True]
    periods = customers.contacts_of([one.customer_id or 0], open_only=False)[one.customer_id or 0]
    assert [(p.since, p.until, p.ended_by) for p in periods] == [
        (hours(1), hours(2), CUSTOMER),
        (hours(3), None, None),
    ]
    assert [fact.payload.ended_by for fact in told("contact.ended")] == ["customer"]
    assert len(told("contact.added")) == 2


def test_the_end_may_arrive_before_the_beginning() -> None:
    one = stranger()
    assert end(ended(one.subject_id, 2)) == [False]
    assert told("contact.ended") == []
    assert add(added(one.subject_id, 1)) == [True]
    assert customers.contacts_of([one.customer_id or 0]) == {}
    assert (len(told("contact.added")), len(told("contact.ended"))) == (1, 1)


@pytest.mark.parametrize("end_first", [False, True])
def test_a_friend_of_less_than_a_second_came_and_went(end_first: bool) -> None:
    """Platforms tell whole seconds, so an adding and its end may bear one time."""
    one = stranger()
    if end_first:
        assert end(ended(one.subject_id, 1)) == [False]
    assert add(added(one.subject_id, 1)) == [True]
    assert end(ended(one.subject_id, 1)) == [not end_first]
    assert customers.contacts_of([one.customer_id or 0]) == {}
    periods = customers.contacts_of([one.customer_id or 0], open_only=False)[one.customer_id or 0]
    assert [(p.since, p.until, p.ended_by) for p in periods] == [(hours(1), hours(1), CUSTOMER)]
    assert (len(told("contact.added")), len(told("contact.ended"))) == (1, 1)


def test_the_same_adding_told_a_second_apart_is_one() -> None:
    one = stranger()
    assert add(added(one.subject_id, 1.0003, state="")) == [True]
    assert add(added(one.subject_id, 1, state="late")) == [False]
    contact = customers.contacts_of([one.customer_id or 0])[one.customer_id or 0]
    assert [(c.since, c.state) for c in contact] == [(hours(1), "late")]
    assert len(told("contact.added")) == 1


def test_an_end_that_a_pull_saw_before_its_callback_came_is_told_once() -> None:
    one = stranger()
    add(added(one.subject_id, 1))
    assert end(ended(one.subject_id, 5)) == [True]  # when the pull saw it
    assert end(ended(one.subject_id, 4)) == [False]  # when it was, says the callback
    [period] = customers.contacts_of([one.customer_id or 0], open_only=False)[one.customer_id or 0]
    assert (period.since, period.until) == (hours(1), hours(4))
    assert [fact.occurred_at for fact in told("contact.ended")] == [hours(5)]
    assert add(added(one.subject_id, 4.5)) == [True]  # so they were two ends
    assert sorted(fact.occurred_at for fact in told("contact.ended")) == [hours(4), hours(5)]


@pytest.mark.parametrize("order", [(1, 3), (3, 1)])
def test_who_is_added_again_without_an_end_is_told_twice_in_any_order(order: tuple[int, int]) -> None:
    one = stranger()
    for hour in order:
        assert add(added(one.subject_id, hour)) == [True]
    periods = customers.contacts_of([one.customer_id or 0], open_only=False)[one.customer_id or 0]
    assert sorted((p.since, p.until, p.ended_by) for p in periods) == [
        (hours(1), hours(3 - SECOND), None),
        (hours(3), None, None),
    ]
    assert sorted(fact.occurred_at for fact in told("contact.added")) == [hours(1), hours(3)]
    assert told("contact.ended") == []
    assert end(ended(one.subject_id, 2)) == [True]  # the lost end comes after all
    assert [fact.occurred_at for fact in told("contact.ended")] == [hours(2)]


def test_a_batch_of_thousands_is_a_handful_of_statements() -> None:
    found = customers.identify(
        [ref("external_userid", f"wm{n}", "corp") for n in range(2000)], at=AT, source="t"
    )
    specs = [added(one.subject_id, 1, employee=1 + n % 60) for n, one in enumerate(found)]
    with CaptureQueriesContext(connection) as queries:
        assert add(*specs) == [True] * 2000
    assert len(queries) <= 16
    with CaptureQueriesContext(connection) as queries:
        assert add(*specs) == [False] * 2000
    assert len(queries) == 1


moments = st.lists(st.tuples(st.integers(1, 8), st.sampled_from(["added", "ended"])), max_size=9)


SECOND = 1 / 3600


def tidy(words: set[tuple[int, str]]) -> list[tuple[int, float | None]]:
    """Periods by walking the clock hour by hour; of two words at one hour the end wins.

    Who is added while a friend was lost unseen, a second before.
    """
    periods: list[tuple[int, float | None]] = []
    since: int | None = None
    for hour in range(1, 9):
        if (hour, "added") in words:
            if since is not None:
                periods.append((since, hour - SECOND))
            since = hour
        if (hour, "ended") in words and since is not None:
            periods.append((since, hour))
            since = None
    return [*periods, (since, None)] if since is not None else periods


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moments, st.data())
def test_any_order_and_repeats_leave_the_tidy_periods(
    words: list[tuple[int, str]], data: st.DataObject
) -> None:
    repeats = data.draw(st.lists(st.sampled_from(words), max_size=3)) if words else []
    order = data.draw(st.permutations(words + repeats))
    size = data.draw(st.integers(1, 4))
    with rolled_back():
        one = stranger()
        for start in range(0, len(order), size):
            batch = order[start : start + size]
            add(*[added(one.subject_id, hour) for hour, kind in batch if kind == "added"])
            end(*[ended(one.subject_id, hour) for hour, kind in batch if kind == "ended"])
        found = customers.contacts_of([one.customer_id or 0], open_only=False).get(one.customer_id or 0, [])
        wanted = [(hours(a), hours(b) if b is not None else None) for a, b in tidy(set(words))]
        assert [(c.since, c.until) for c in found] == wanted
        assert len(told("contact.added")) == len(wanted)
        ends = [fact.occurred_at for fact in told("contact.ended")]
        for place, (since, until) in enumerate(wanted):
            later = [start for start, _end in wanted[place + 1 :]]
            said = [moment for moment in ends if since <= moment and all(moment < start for start in later)]
            assert len(said) == (until is not None and not until.second)
        assert not any(moment.second for moment in ends)


@pytest.mark.django_db(transaction=True)
def test_eight_workers_hear_of_one_friend_at_once() -> None:
    one = stranger()
    doings = [lambda: add(added(one.subject_id, 1)), lambda: end(ended(one.subject_id, 2))] * 3
    results = at_once(*doings, lambda: add(added(one.subject_id, 3)), lambda: add(added(one.subject_id, 3)))
    assert [result for result in results if isinstance(result, Exception)] == []
    found = customers.contacts_of([one.customer_id or 0], open_only=False)[one.customer_id or 0]
    assert [(c.since, c.until) for c in found] == [(hours(1), hours(2)), (hours(3), None)]
    assert (len(told("contact.added")), len(told("contact.ended"))) == (2, 1)
