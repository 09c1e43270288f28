"""The books: exact sums, one key once, nothing below zero, nothing past the posting function."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ISSUED = ledger.system_account("issued")
Statuses = list[ledger.PostStatus]
NEW, SAME = ledger.PostStatus.NEW, ledger.PostStatus.SAME
INSUFFICIENT, EXCEEDS = ledger.PostStatus.INSUFFICIENT, ledger.PostStatus.EXCEEDS


@pytest.fixture
def truly_committed(transactional_db: None) -> None:
    """Facts are delivered once their transaction has ended."""
    facts.install_cursors()


def people(count: int, realm: str = "ledger") -> list[int]:
    refs = [customers.IdentityRef("member_no", f"{n}", realm) for n in range(count)]
    found = customers.identify(refs, at=AT, source="test")
    return [who.customer_id for who in found if who.customer_id is not None]


def give(key: str, customer_id: int, amount: int, **extra: object) -> ledger.TransferSpec:
    """``amount`` points from the brand to the customer; negative takes them."""
    legs = ((ISSUED, -amount), (ledger.customer_account(customer_id), amount))
    return ledger.TransferSpec(key=key, kind="test", legs=legs, at=AT, **extra)  # type: ignore[arg-type]


def statuses(*specs: ledger.TransferSpec) -> Statuses:
    return [answer.status for answer in ledger.post(specs)]


def settle_constraints() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.django_db
def test_a_transfer_moves_points_and_says_so() -> None:
    (who,) = people(1)
    (answer,) = ledger.post([give("a", who, 120)])
    assert (answer.status, answer.ok) == (NEW, True)
    assert ledger.balance(who) == 120
    assert ledger.account_total(ISSUED) == -120
    (told,) = facts.read(names=["points.posted"], limit=10)
    assert told.payload.amount == 120
    assert told.payload.balance_after == 120
    assert told.payload.transfer_id == answer.transfer_id
    assert customers.customers_of([told.subject_id or 0]) == {told.subject_id: who}
    settle_constraints()
    assert ledger.check_balances() == []


@pytest.mark.django_db
def test_a_key_is_posted_once_and_never_with_other_content() -> None:
    (who,) = people(1)
    assert statuses(give("a", who, 50), give("a", who, 50), give("b", who, 7)) == [NEW, SAME, NEW]
    assert statuses(give("b", who, 7), give("a", who, 50)) == [SAME, SAME]
    assert ledger.balance(who) == 57
    with pytest.raises(Conflict, match="a"), transaction.atomic():
        ledger.post([give("c", who, 1), give("a", who, 51)])
    assert ledger.balance(who) == 57
    assert ledger.transfers_by_key(["c"]) == {}
    with pytest.raises(Conflict), transaction.atomic():
        ledger.post([give("d", who, 1), give("d", who, 2)])
    assert len(facts.read(names=["points.posted"], limit=10)) == 2


@pytest.mark.django_db
def test_what_would_go_below_zero_is_refused_alone() -> None:
    one, two = people(2)
    answers = statuses(
        give("in", one, 100),
        give("too much", one, -101),
        give("just right", one, -100),
        give("nothing left", one, -1),
        give("other", two, 5),
        give("again", one, 30),
        give("debt", one, -50, allow_negative=True),
        give("in debt", one, -1),
    )
    assert answers == [NEW, INSUFFICIENT, NEW, INSUFFICIENT, NEW, NEW, NEW, INSUFFICIENT]
    assert (ledger.balance(one), ledger.balance(two)) == (-20, 5)
    assert set(ledger.transfers_by_key(["too much", "nothing left", "in debt"])) == set()
    assert statuses(give("in debt", one, 25), give("nothing left", one, -1)) == [NEW, NEW]
    told = [
        (f.payload.amount, f.payload.balance_after) for f in facts.read(names=["points.posted"], limit=20)
    ]
    mine = [pair for pair in told if pair != (5, 5)]
    assert mine == [(100, 100), (-100, 0), (30, 30), (-50, -20), (25, 5), (-1, 4)]
    assert ledger.check_balances() == []


@pytest.mark.django_db
def test_reversals_are_keyed_and_never_more_than_the_original() -> None:
    (who,) = people(1)
    ledger.post([give("o", who, 100)])
    assert statuses(give("r1", who, -60, reverses_key="o")) == [NEW]
    assert statuses(give("r1", who, -60, reverses_key="o")) == [SAME]
    assert statuses(give("r2", who, -41, reverses_key="o"), give("r3", who, -40, reverses_key="o")) == [
        EXCEEDS,
        NEW,
    ]
    assert statuses(give("r4", who, -1, reverses_key="o", allow_negative=True)) == [EXCEEDS]
    assert statuses(give("r5", who, -1, reverses_key="nothing")) == [ledger.PostStatus.NOT_REVERSIBLE]
    original = ledger.transfers_by_key(["o"])["o"]
    assert (original.amount, original.reversed_amount, ledger.balance(who)) == (100, 100, 0)


@pytest.mark.django_db
def test_pending_holds_then_counts_or_lets_go() -> None:
    (who,) = people(1)
    ledger.post([give("in", who, 100)])
    assert statuses(give("p", who, -70, pending=True), give("q", who, -31)) == [NEW, INSUFFICIENT]
    assert ledger.balance_detail(who) == ledger.BalanceView(posted=100, held=70)
    assert [a.status for a in ledger.void(["p"])] == [NEW]
    assert ledger.balance_detail(who) == ledger.BalanceView(posted=100, held=0)
    with pytest.raises(Conflict):
        ledger.settle_pending(["p"], at=AT)
    assert statuses(give("q", who, -31, pending=True)) == [NEW]
    assert [a.status for a in ledger.settle_pending(["q"], at=AT)] == [NEW]
    assert [a.status for a in ledger.settle_pending(["q"], at=AT)] == [SAME]
    assert ledger.balance_detail(who) == ledger.BalanceView(posted=69, held=0)
    assert [f.payload.amount for f in facts.read(names=["points.posted"], limit=9)] == [100, -31]
    assert ledger.check_balances() == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "legs",
    [
        ((ISSUED, -5), (ledger.customer_account(1), 6)),
        ((ISSUED, 0), (ledger.customer_account(1), 0)),
        ((ISSUED, 5), (ISSUED, -5)),
        ((ISSUED, 5),),
        ((ISSUED, -0.5), (ledger.customer_account(1), 0.5)),
    ],
)
def test_what_is_no_transfer_is_refused_whole(legs: tuple[tuple[ledger.AccountRef, int], ...]) -> None:
    bad = ledger.TransferSpec(key="bad", kind="test", legs=legs, at=AT)
    with pytest.raises(BadInput):
        ledger.post([give("good", people(1)[0], 5), bad])
    assert ledger.transfers_by_key(["good", "bad"]) == {}


def _rows(sql: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE records_ledger_balance SET posted = posted + 1",
        "INSERT INTO records_ledger_balance SELECT id, 9, 0 FROM records_ledger_account WHERE owner_id = 0",
        "DELETE FROM records_ledger_balance",
        "UPDATE records_ledger_entry SET amount = amount * 2",
        "DELETE FROM records_ledger_entry",
        "INSERT INTO records_ledger_entry (transfer_id, account_id, unit, amount) "
        "SELECT transfer_id, account_id, unit, 1 FROM records_ledger_entry LIMIT 1",
        "UPDATE records_ledger_transfer SET state = 'void'",
        "DELETE FROM records_ledger_transfer",
        "UPDATE records_ledger_account SET owner_id = 99",
    ],
)
def test_no_other_way_into_the_books(sql: str) -> None:
    (who,) = people(1)
    ledger.post([give("a", who, 10)])
    with pytest.raises(DatabaseError, match="ledger"), transaction.atomic():
        _rows(sql)
    assert ledger.balance(who) == 10
    assert ledger.check_balances() == []


@pytest.mark.django_db
def test_even_with_the_guard_open_a_lopsided_transfer_cannot_commit() -> None:
    (who,) = people(1)
    ledger.post([give("a", who, 10)])
    with pytest.raises(DatabaseError, match="sum to zero"), transaction.atomic():
        _rows("SET LOCAL siyu.posting = 'on'")
        _rows(
            "INSERT INTO records_ledger_entry (transfer_id, account_id, unit, amount) "
            "SELECT transfer_id, account_id, unit, 1 FROM records_ledger_entry LIMIT 1"
        )
        settle_constraints()


@pytest.mark.django_db
def test_the_check_finds_a_balance_changed_past_the_guard() -> None:
    (who,) = people(1)
    ledger.post([give("a", who, 10)])
    with transaction.atomic():
        _rows("SET LOCAL siyu.posting = 'on'")
        _rows("UPDATE records_ledger_balance SET posted = 11")
    (found,) = ledger.check_balances()
    assert (found.what, found.expected, found.found) == ("balance", 10, 11)


@pytest.mark.usefixtures("truly_committed")
def test_a_merge_moves_the_balance_once_and_undoing_moves_it_back() -> None:
    kept, gone = people(2)
    by = foundation.SYSTEM
    ledger.post([give("k", kept, 10), give("g", gone, 32)])
    merge_id = customers.merge(kept, gone, at=AT, by=by)
    facts.drain(at=AT, only=["records_ledger.merges"])
    facts.drain(at=AT, only=["records_ledger.merges"])
    assert (ledger.balance(kept), ledger.balances([gone])) == (42, {gone: 0})
    assert statuses(give("late", gone, 3)) == [NEW]
    assert (ledger.balance(kept), ledger.balance(gone)) == (45, 45)
    customers.undo_merge(merge_id, at=AT + timedelta(hours=1), by=by)
    facts.drain(at=AT, only=["records_ledger.merges"])
    assert (ledger.balance(kept), ledger.balance(gone)) == (13, 32)
    assert ledger.check_balances() == []


@pytest.mark.usefixtures("truly_committed")
def test_undoing_a_merge_inside_a_later_one_takes_from_whoever_has_it_now() -> None:
    last, kept, gone = people(3)
    by = foundation.SYSTEM
    ledger.post([give("l", last, 1), give("k", kept, 10), give("g", gone, 32)])
    first = customers.merge(kept, gone, at=AT, by=by)
    customers.merge(last, kept, at=AT + timedelta(hours=1), by=by)
    facts.drain(at=AT, only=["records_ledger.merges"])
    assert ledger.balance(last) == 43
    customers.undo_merge(first, at=AT + timedelta(hours=2), by=by)
    facts.drain(at=AT, only=["records_ledger.merges"])
    assert (ledger.balance(last), ledger.balance(gone)) == (11, 32)
    assert ledger.check_balances() == []


@pytest.mark.django_db
def test_the_statement_reads_newest_first_with_running_balance() -> None:
    (who,) = people(1)
    ledger.post([give(f"n{n}", who, n) for n in range(1, 8)])
    page = ledger.entries(who, page=2, size=3)
    assert page.total == 7
    assert [(entry.amount, entry.balance_after) for entry in page.items] == [(4, 10), (3, 6), (2, 3)]
    assert ledger.entries(who, unit="growth").total == 0


moves = st.lists(
    st.tuples(st.integers(0, 2), st.integers(-60, 60).filter(bool), st.integers(0, 12), st.booleans()),
    min_size=1,
    max_size=25,
)


@pytest.mark.django_db
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=moves, cut=st.integers(1, 25))
def test_batches_of_any_cut_agree_with_a_plain_model(
    moves: list[tuple[int, int, int, bool]], cut: int
) -> None:
    """However the movements are cut into batches, the books end as one by one in plain Python."""
    with transaction.atomic():
        who = people(3)
        expected = [0, 0, 0]
        first: dict[str, tuple[int, int, bool]] = {}
        specs, answers = [], []
        for person, amount, key, debt in moves:
            person, amount, debt = first.get(f"k{key}", (person, amount, debt))
            specs.append(give(f"k{key}", who[person], amount, allow_negative=debt))
            if f"k{key}" in first:
                answers.append(SAME)
            elif amount < 0 and not debt and expected[person] + amount < 0:
                answers.append(INSUFFICIENT)
            else:
                first[f"k{key}"] = (person, amount, debt)
                expected[person] += amount
                answers.append(NEW)
        found: Statuses = []
        for start in range(0, len(specs), cut):
            found += statuses(*specs[start : start + cut])
        settle_constraints()
        assert found == answers
        assert [ledger.balance(one) for one in who] == expected
        assert ledger.account_total(ISSUED) == -sum(expected)
        assert ledger.check_balances() == []
        transaction.set_rollback(True)


def together(count: int, work: Callable[[int], None]) -> None:
    """Run ``work`` in so many threads at one moment, each with a connection of its own."""
    barrier = threading.Barrier(count)
    errors: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait()
            work(number)
        except BaseException as error:
            errors.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.usefixtures("truly_committed")
def test_eight_at_once_cannot_spend_the_same_points() -> None:
    (who,) = people(1)
    ledger.post([give("in", who, 100)])
    found: Statuses = []

    def spend(number: int) -> None:
        for step in range(5):
            found.extend(statuses(give(f"out{number}.{step}", who, -7)))

    together(8, spend)
    assert (found.count(NEW), found.count(INSUFFICIENT)) == (14, 26)
    assert ledger.balance(who) == 2
    assert ledger.check_balances() == []


@pytest.mark.usefixtures("truly_committed")
def test_one_key_posted_by_eight_at_once_counts_once() -> None:
    one, two = people(2)
    found: Statuses = []

    def both(number: int) -> None:
        with transaction.atomic():
            order = (one, two) if number % 2 else (two, one)
            found.extend(statuses(*[give(f"once{who}", who, 9) for who in order]))

    together(8, both)
    assert (found.count(NEW), found.count(SAME)) == (2, 14)
    assert ledger.balances([one, two]) == {one: 9, two: 9}
    assert len(facts.read(names=["points.posted"], limit=99)) == 2
