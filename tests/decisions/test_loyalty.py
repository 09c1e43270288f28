"""Points for orders: earned once, taken back to the unit, whatever the order of the facts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.decisions.loyalty import api as loyalty
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff
from tests.records.orders import CORRECTIONS, PEOPLE, POINTS, deliver, order, refund
from tests.records.people import AT, LEAD, person, phone, ref, rolled_back, told

ORDER_FACTS = ("order.paid", "order.claimed", "order.changed", "order.refunded")


def subject(number: int) -> int:
    return customers.identify([phone(number)], at=AT, source="test")[0].subject_id


def settle() -> None:
    """Everything told so far about orders, once more."""
    live = [fact for fact in told(*ORDER_FACTS) if fact.origin is facts.Origin.LIVE]
    if live:
        deliver(POINTS, live)


def buy(spec: commerce.OrderSpec, origin: facts.Origin | None = None) -> None:
    commerce.record_orders([spec], at=AT, origin=origin)


def give_back(spec: commerce.RefundSpec) -> None:
    commerce.record_refunds([spec], at=AT)


@pytest.mark.django_db
def test_a_point_for_each_full_yuan_and_back_on_refund() -> None:
    who = person(1)
    buy(order("A1", 19_999, subject_id=subject(1)))
    settle()
    assert ledger.balance(who) == 199
    give_back(refund("A1", "r1", 1))
    settle()
    assert ledger.balance(who) == 199  # 199.98 left
    give_back(refund("A1", "r2", 99))
    settle()
    assert ledger.balance(who) == 198  # 198.99 left
    give_back(refund("A1", "r3", 19_899))
    settle()
    settle()
    assert ledger.balance(who) == 0
    statement = ledger.entries(who)
    assert [(entry.kind, entry.amount, entry.memo) for entry in statement.items] == [
        (loyalty.TAKE_BACK, -198, "A1"), (loyalty.TAKE_BACK, -1, "A1"), (loyalty.EARN, 199, "A1"),
    ]  # fmt: skip
    assert ledger.check_balances() == []


@pytest.mark.django_db
def test_spent_points_of_a_refunded_order_become_a_debt() -> None:
    who = person(1)
    buy(order("A1", 10_000, subject_id=subject(1)))
    settle()
    legs = ((ledger.customer_account(who), -80), (ledger.system_account("spent"), 80))
    ledger.post([ledger.TransferSpec(key="gift", kind="test", legs=legs, at=AT)])
    give_back(refund("A1", "r1", 10_000))
    settle()
    assert ledger.balance(who) == -80


@pytest.mark.django_db
def test_imported_orders_earn_nothing_even_when_claimed_or_refunded_later() -> None:
    who = person(1)
    buy(order("A1", 10_000, subject_id=subject(1)), origin=facts.Origin.BACKFILL)
    buy(order("T1", 10_000, source="tmall"), origin=facts.Origin.BACKFILL)
    waiting = commerce.unmatched(staff.EVERYTHING).items[0]
    commerce.claim_order(waiting.id, who, by=LEAD, scope=staff.EVERYTHING, at=AT)
    give_back(refund("A1", "r1", 5_000))
    settle()
    deliver(POINTS, told(*ORDER_FACTS))
    assert (ledger.balance(who), ledger.entries(who).total) == (0, 0)


@pytest.mark.django_db(transaction=True)
def test_a_live_order_that_a_file_corrects_or_refunds_keeps_only_what_is_left() -> None:
    """The shop's export names orders that came in live before: what it says of them counts for points too."""
    facts.install_cursors()
    who = person(1)
    buy(order("A1", 10_000, subject_id=subject(1)))
    buy(order("A2", 5_000, subject_id=subject(1)))
    facts.drain(at=AT)
    assert ledger.balance(who) == 150
    with foundation.transaction():
        commerce.record_refunds([refund("A1", "import", 4_000)], at=AT, origin=facts.Origin.BACKFILL)
        buy(order("A2", 3_000, subject_id=subject(1), reported=1), facts.Origin.BACKFILL)
        buy(order("A3", 7_000, subject_id=subject(1)), facts.Origin.BACKFILL)
    facts.drain(at=AT)
    assert ledger.balance(who) == 60 + 30
    last = told("points.posted")[-3:]
    assert sorted(fact.payload.amount for fact in last) == [-50, -40, 30]
    assert {fact.origin for fact in last} == {facts.Origin.BACKFILL}, "nobody acts on what a file tells"


@pytest.mark.django_db(transaction=True)
def test_a_correction_from_a_file_that_is_heard_before_the_order_changes_nothing_by_itself() -> None:
    facts.install_cursors()
    who = person(1)
    with foundation.transaction():
        buy(order("A1", 10_000, subject_id=subject(1)))
        commerce.record_refunds([refund("A1", "import", 4_000)], at=AT, origin=facts.Origin.BACKFILL)
    facts.drain(at=AT, only=[CORRECTIONS])
    assert ledger.balance(who) == 0
    facts.drain(at=AT)
    assert ledger.balance(who) == 60
    assert {fact.origin for fact in told("points.posted")} == {facts.Origin.LIVE}


@pytest.mark.django_db
def test_an_order_matched_later_earns_then_and_only_what_is_left() -> None:
    buy(order("T1", 10_000, source="tmall"))
    give_back(refund("T1", "r1", 4_001, source="tmall"))
    settle()
    customers.link([[ref("order_no", "T1", "tmall"), phone(1)]], at=AT, source="test")
    deliver(PEOPLE, told("customer.identified"))
    settle()
    assert ledger.balance(person(1)) == 59


@pytest.mark.django_db
def test_a_corrected_amount_corrects_the_points() -> None:
    who = person(1)
    buy(order("A1", 10_000, subject_id=subject(1)))
    settle()
    buy(order("A1", 12_345, subject_id=subject(1), reported=1))
    settle()
    assert ledger.balance(who) == 123
    give_back(refund("A1", "r1", 345))
    settle()
    assert ledger.balance(who) == 120
    buy(order("A1", 400, subject_id=subject(1), reported=2))
    settle()
    assert ledger.balance(who) == 0
    assert ledger.check_balances() == []


@pytest.mark.django_db
def test_an_order_keeps_the_rate_of_the_moment_it_was_paid() -> None:
    who = person(1)
    foundation.set_setting(
        "loyalty.fen_per_point", 1000, at=AT, by=LEAD, effective_from=AT + timedelta(hours=2)
    )
    buy(order("A1", 10_000, subject_id=subject(1), hours=1))
    buy(order("A2", 10_000, subject_id=subject(1), hours=3))
    settle()
    assert ledger.balance(who) == 110
    give_back(refund("A1", "r1", 5_000, hours=4))
    settle()
    assert ledger.balance(who) == 60
    assert loyalty.points_rule(AT).fen_per_point == 100


@pytest.mark.django_db
def test_points_follow_a_merged_customer() -> None:
    kept, gone = person(1), person(2)
    buy(order("B1", 10_000, subject_id=subject(2)))
    settle()
    customers.merge(kept, gone, at=AT, by=LEAD)
    deliver(PEOPLE, told("customer.merged"))
    deliver("records_ledger.merges", told("customer.merged"))
    give_back(refund("B1", "r1", 3_000))
    settle()
    assert (ledger.balance(kept), ledger.balance(gone)) == (70, 70)
    assert ledger.balances([kept, gone]) == {kept: 70, gone: 0}


events = st.lists(
    st.one_of(
        st.tuples(st.just("paid"), st.integers(0, 1), st.integers(0, 2)),
        st.tuples(st.just("refund"), st.integers(0, 1), st.integers(1, 4)),
        st.tuples(st.just("known"), st.integers(0, 1), st.just(0)),
    ),
    min_size=1,
    max_size=10,
    unique=True,
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(happened=events, data=st.data())
def test_any_order_of_facts_ends_with_the_same_points(
    happened: list[tuple[str, int, int]], data: st.DataObject
) -> None:
    """Reports, refunds and identification shuffled and repeated; facts delivered doubled and reordered."""
    shuffled = data.draw(st.permutations(happened * 2))
    with rolled_back():
        expected = _expected(happened)
        for kind, number, value in shuffled:
            if kind == "paid":
                buy(order(f"O{number}", 5_050 + 777 * value, reported=value, source="tmall"))
            elif kind == "refund":
                give_back(refund(f"O{number}", f"r{value}", 333 * value, source="tmall"))
            else:
                identity = ref("order_no", f"O{number}", "tmall")
                customers.link([[identity, phone(number)]], at=AT, source="test")
            if data.draw(st.booleans()):
                _deliver_shuffled(data)
        _deliver_shuffled(data)
        _deliver_shuffled(data)
        assert [ledger.balance(person(number)) for number in (0, 1)] == expected
        assert ledger.check_balances() == []


def _deliver_shuffled(data: st.DataObject) -> None:
    identified = told("customer.identified", "customer.created")
    deliver(PEOPLE, [fact for fact in identified if fact.name == "customer.identified"])
    live = told(*ORDER_FACTS)
    if live:
        deliver(POINTS, data.draw(st.permutations(live * 2)))


def _expected(happened: list[tuple[str, int, int]]) -> list[int]:
    """The oracle, in plain Python: floor((paid − refunded) / 1 yuan) of known buyers' orders."""
    points = []
    for number in (0, 1):
        reports = [value for kind, n, value in happened if kind == "paid" and n == number]
        back = sum(333 * value for kind, n, value in happened if kind == "refund" and n == number)
        known = ("known", number, 0) in happened
        points.append((5_050 + 777 * max(reports) - back) // 100 if reports and known else 0)
    return points
