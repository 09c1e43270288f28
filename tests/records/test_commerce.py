"""Orders: exact to the 分, once each, right in any order of arrival."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import Conflict, NotFound
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.records.orders import PEOPLE, TRADE, deliver, order, outcomes, refund
from tests.records.people import AT, LEAD, at_once, directory, person, phone, ref, rolled_back, told

ALL = staff.EVERYTHING


def subject(number: int) -> int:
    return customers.identify([phone(number)], at=AT, source="test")[0].subject_id


def record(*specs: commerce.OrderSpec, origin: facts.Origin | None = None) -> list[str]:
    return outcomes(commerce.record_orders(specs, at=AT, origin=origin))


def give_back(*specs: commerce.RefundSpec) -> list[str]:
    return outcomes(commerce.record_refunds(specs, at=AT))


def only_order() -> commerce.OrderView:
    (view,) = commerce.orders(ALL).items
    return commerce.get_order(view.id, scope=ALL)


@pytest.mark.django_db
def test_an_order_keeps_its_lines_amounts_and_buyer() -> None:
    who = person(1)
    assert record(order("A1", 1999, 0, 1, subject_id=subject(1))) == ["new"]
    (view,) = commerce.orders_of(who).items
    assert (view.amount, view.refunded_amount, view.state) == (2000, 0, commerce.OrderState.PAID)
    assert [(line.line_no, line.sku, line.amount) for line in view.lines] == [
        (1, "SKU1", 1999), (2, "SKU2", 0), (3, "SKU3", 1),
    ]  # fmt: skip
    (fact,) = told("order.paid")
    assert (fact.payload.order_id, fact.payload.amount, fact.payload.line_count) == (view.id, 2000, 3)
    assert fact.subject_id == subject(1)
    assert commerce.customer_totals([who])[who] == commerce.CustomerTotals(
        1, 2000, 0, view.paid_at, view.paid_at
    )


@pytest.mark.django_db
def test_the_same_report_twice_changes_nothing_and_a_later_one_corrects() -> None:
    assert record(order("A1", 500), order("A1", 500), order("A1", 500, source="web")) == [
        "new",
        "same",
        "new",
    ]
    assert record(order("A1", 700, reported=2)) == ["changed"]
    assert record(order("A1", 500, reported=1)) == ["same"]
    found = {view.source: view.amount for view in commerce.orders(ALL).items}
    assert found == {"pos": 700, "web": 500}
    (changed,) = told("order.changed")
    assert (changed.payload.previous_amount, changed.payload.amount) == (500, 700)
    assert len(told("order.paid")) == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        (order("", 5), "no_number"),
        (order("x" * 101, 5), "no_number"),
        (order("A", -5), "negative"),
        (order("A"), "no_lines"),
    ],
)
def test_what_is_no_order_is_rejected_alone(spec: commerce.OrderSpec, reason: str) -> None:
    assert record(spec, order("B", 7)) == [reason, "new"]
    assert [view.order_no for view in commerce.orders(ALL).items] == ["B"]


@pytest.mark.django_db
def test_refunds_never_give_back_more_than_was_paid() -> None:
    record(order("A1", 1000))
    assert give_back(refund("A1", "r1", 400), refund("A1", "r2", 601), refund("A1", "r3", 600)) == [
        "new", "above_paid", "new",
    ]  # fmt: skip
    assert give_back(refund("A1", "r1", 400), refund("A1", "r1", 399), refund("A1", "r4", 1)) == [
        "same", "other_refund", "above_paid",
    ]  # fmt: skip
    view = only_order()
    assert (view.refunded_amount, view.state) == (1000, commerce.OrderState.REFUNDED)
    assert [(f.payload.amount, f.payload.full) for f in told("order.refunded")] == [(400, False), (600, True)]
    assert record(order("A1", 999, reported=3)) == ["below_refunded"]
    assert only_order().amount == 1000


@pytest.mark.django_db
def test_a_refund_before_its_order_waits_for_it() -> None:
    assert give_back(refund("A1", "r1", 300)) == ["waiting"]
    assert told("order.refunded") == []
    record(order("A1", 1000))
    assert give_back(refund("A1", "r1", 300)) == ["same"]
    assert (only_order().refunded_amount, len(told("order.refunded"))) == (300, 1)


@pytest.mark.django_db
def test_eight_refunds_at_once_give_back_no_more_than_was_paid(transactional_db: None) -> None:
    with foundation.transaction():
        record(order("A1", 1000))
    answers = at_once(*[lambda n=n: give_back(refund("A1", f"r{n}", 300)) for n in range(8)])  # type: ignore[misc]
    assert sorted(map(str, answers)) == ["['above_paid']"] * 5 + ["['new']"] * 3
    assert only_order().refunded_amount == 900


@pytest.mark.django_db
def test_eight_reports_at_once_are_one_order(transactional_db: None) -> None:
    answers = at_once(*[lambda: record(order("A1", 1000), order("A2", 5)) for _n in range(8)])
    assert sorted(map(str, answers)) == ["['new', 'new']"] + ["['same', 'same']"] * 7
    assert [len(told("order.paid")), commerce.orders(ALL).total] == [2, 2]


@pytest.mark.django_db
def test_an_unknown_buyer_waits_and_is_claimed_by_a_person() -> None:
    who = person(1)
    record(order("T1", 800, source="tmall"), order("T2", 5, source="tmall"))
    waiting = commerce.unmatched(ALL)
    assert [(view.order_no, view.customer_id) for view in waiting.items] == [("T2", None), ("T1", None)]
    first = next(view.id for view in waiting.items if view.order_no == "T1")
    commerce.claim_order(first, who, by=LEAD, scope=ALL, at=AT)
    assert [view.order_no for view in commerce.orders_of(who).items] == ["T1"]
    assert [fact.payload.order_id for fact in told("order.claimed")] == [first]
    assert customers.customers_of([waiting.items[1].subject_id]) == {waiting.items[1].subject_id: who}
    assert foundation.list_audit(object_kind="order").items[0].detail == {"customer_id": who}
    with pytest.raises(Conflict):
        commerce.claim_order(first, who, by=LEAD, scope=ALL, at=AT)
    with pytest.raises(NotFound):
        commerce.claim_order(first, who, by=LEAD, scope=staff.NOTHING, at=AT)
    assert commerce.match_rates() == [commerce.SourceMatch("tmall", 2, 1)]


@pytest.mark.django_db
def test_no_order_is_claimed_for_whoever_was_erased() -> None:
    who = person(1)
    record(order("T1", 800, source="tmall"))
    customers.erase_customer(who, scope=ALL, at=AT, by=LEAD)
    [waiting] = commerce.unmatched(ALL).items
    with pytest.raises(Conflict) as refused:
        commerce.claim_order(waiting.id, who, by=LEAD, scope=ALL, at=AT)
    assert refused.value.code == "customer.erased"
    assert len(commerce.unmatched(ALL).items) == 1 and not customers.customers_of([waiting.subject_id])


@pytest.mark.django_db
def test_shares_of_a_large_brand_are_kept_and_say_when_they_were_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    record(order("T1", 800, source="tmall"), order("T2", 5, source="tmall"), order("S1", 5, source="shop"))
    assert commerce.keep_match_rates(at=AT) == 0
    live = [commerce.SourceMatch("shop", 1, 0), commerce.SourceMatch("tmall", 2, 0)]
    assert commerce.match_rates() == live
    monkeypatch.setattr("siyu.records.commerce.operations.rates.MANY", 2)
    assert commerce.keep_match_rates(at=AT) == 2
    kept = [replace(one, counted_at=AT) for one in live]
    record(order("T3", 5, source="tmall"))
    assert commerce.match_rates() == kept
    later = AT + timedelta(minutes=5)
    assert commerce.keep_match_rates(at=later) == 2
    assert commerce.match_rates()[1] == commerce.SourceMatch("tmall", 3, 0, later)
    monkeypatch.setattr("siyu.records.commerce.operations.rates.MANY", 10)
    assert commerce.keep_match_rates(at=later) == 0
    assert commerce.match_rates()[1] == commerce.SourceMatch("tmall", 3, 0)


@pytest.mark.django_db
def test_late_identification_and_merges_carry_orders_along() -> None:
    record(order("T1", 800, source="tmall"))
    customers.link([[ref("order_no", "T1", "tmall"), phone(1)]], at=AT, source="test")
    deliver(PEOPLE, told("customer.identified"))
    kept, gone = person(1), person(2)
    assert [view.order_no for view in commerce.orders_of(kept).items] == ["T1"]
    record(order("B1", 10, subject_id=subject(2)))
    merge_id = customers.merge(kept, gone, at=AT, by=LEAD)
    deliver(PEOPLE, told("customer.merged"))
    assert {view.order_no for view in commerce.orders_of(gone).items} == {"T1", "B1"}
    assert commerce.customer_totals()[kept].amount == 810
    customers.undo_merge(merge_id, at=AT, by=LEAD)
    deliver(PEOPLE, told("customer.unmerged"))
    assert {view.order_no for view in commerce.orders_of(gone).items} == {"B1"}
    assert len(told("order.claimed")) == 1


@pytest.mark.django_db
def test_scope_holds_for_lists_orders_and_figures() -> None:
    units, people = directory()
    mine = order("A1", 100)
    specs = [
        commerce.OrderSpec(**{**_fields(mine), "order_no": number, "unit_id": unit, "employee_id": clerk})  # type: ignore[arg-type]
        for number, unit, clerk in (
            ("S21", units["S21"], people["li"]),
            ("S31", units["S31"], people["chen"]),
            ("web", None, None),
        )
    ]
    record(*specs)
    store = staff.Scope(unit_ids=frozenset({units["S21"]}))
    clerk = staff.Scope(employee_ids=frozenset({people["chen"]}))
    assert [view.order_no for view in commerce.orders(store).items] == ["S21"]
    assert [view.order_no for view in commerce.orders(clerk).items] == ["S31"]
    assert (commerce.orders(ALL).total, commerce.orders(staff.NOTHING).total) == (3, 0)
    foreign = commerce.orders(clerk).items[0].id
    with pytest.raises(NotFound):
        commerce.get_order(foreign, scope=store)
    day = date(2026, 3, 1)
    sold = {scope: commerce.sales_by_day(day, day, scope=scope)[0].amount for scope in (ALL, store, clerk)}
    assert sold == {ALL: 300, store: 100, clerk: 100}


def _fields(spec: commerce.OrderSpec) -> dict[str, object]:
    return {name: getattr(spec, name) for name in spec.__slots__}


@pytest.mark.django_db
def test_sales_days_are_the_brands_days_and_refunds_count_when_given() -> None:
    record(order("A", 100, hours=11.9), order("B", 50, hours=12.1))  # AT is noon in China: 23:54 and 00:06
    give_back(refund("A", "r", 30, hours=13))
    days = commerce.sales_by_day(date(2026, 3, 1), date(2026, 3, 2), scope=ALL)
    assert [(d.orders, d.amount, d.refunded_amount) for d in days] == [(1, 100, 0), (1, 50, 30)]


@pytest.mark.django_db
def test_repurchase_counts_known_buyers_who_bought_before() -> None:
    record(
        order("A1", 100, subject_id=subject(1), hours=-24 * 90),
        order("A2", 100, subject_id=subject(1)),
        order("B1", 100, subject_id=subject(2)),
        order("C0", 100, subject_id=subject(3), hours=-24),
        order("C1", 100, subject_id=subject(3)),
        order("D1", 100),
    )
    give_back(refund("C0", "r", 100))
    assert commerce.repurchase(date(2026, 3, 1), 30, scope=ALL) == (1, 3)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_repurchase_by_day_is_what_counting_each_day_by_itself_gives(seed: int) -> None:
    chance = random.Random(seed)
    bought = []
    for number in range(60):
        who, hours, kept = (
            chance.randrange(9),
            -24 * chance.randrange(0, 40) - chance.randrange(24),
            chance.random() < 0.8,
        )
        record(order(f"N{number}", 100, subject_id=subject(who) if who else None, hours=hours))
        if not kept:
            give_back(refund(f"N{number}", "r", 100, hours=2))
        elif who:
            bought.append((who, AT + timedelta(hours=hours), number))
    zone, last = ZoneInfo("Asia/Shanghai"), date(2026, 3, 2)
    days = [last - timedelta(days=n) for n in range(20, -1, -1)]
    wanted = {}
    for day in days:
        within = [b for b in bought if day - timedelta(days=6) <= b[1].astimezone(zone).date() <= day]
        again = {
            who for who, at, _n in within if any(other == who and then < at for other, then, _m in bought)
        }
        wanted[day] = (len(again), len({who for who, _at, _n in within}))
    assert commerce.repurchase_by_day(days[0], last, 7, scope=ALL) == wanted
    assert commerce.repurchase(days[5], 7, scope=ALL) == wanted[days[5]]
    assert commerce.repurchase_by_day(days[0], last, 7, scope=staff.NOTHING) == dict.fromkeys(days, (0, 0))
    assert (commerce.many_orders(days[0], last, 1_000), commerce.many_orders(days[0], last, 3)) == (
        False,
        True,
    )


@pytest.mark.django_db
def test_reports_from_outside_become_records() -> None:
    units, people = directory()
    line = {"line_no": 1, "sku": "K1", "name": "项链", "quantity": 1, "amount": 26_800}
    paid = {
        "source": "pos", "order_no": "P1", "store_code": "S21", "clerk_userid": "li", "currency": "CNY",
        "paid_at": "2026-03-01T12:00:00+08:00", "lines": [line],
    }  # fmt: skip
    back = {
        "source": "pos", "order_no": "P1", "refund_no": "R1", "refunded_at": "2026-03-01T13:00:00+08:00",
        "lines": [{"line_no": 1, "quantity": 1, "amount": 800}],
    }  # fmt: skip
    _report("trade.refund_reported", "e1", back, None)
    _report("trade.order_reported", "e2", paid, subject(1))
    for _repeat in range(2):
        deliver(TRADE, told("trade.refund_reported", "trade.order_reported"))
    view = only_order()
    assert (view.unit_id, view.employee_id, view.customer_id) == (units["S21"], people["li"], person(1))
    assert (view.amount, view.refunded_amount, view.lines[0].refunded_amount) == (26_800, 800, 800)
    assert [fact.hops for fact in told("order.paid", "order.refunded")] == [1, 1]


@pytest.mark.django_db
def test_a_refused_refund_is_looked_at_again_when_it_is_told_again() -> None:
    """A file says the same once more after the order was corrected: now it fits."""
    record(order("A1", 500, subject_id=subject(1)))
    assert give_back(refund("A1", "import", 800)) == ["above_paid"]
    assert give_back(refund("A1", "import", 700)) == ["above_paid"]
    assert only_order().refunded_amount == 0
    record(order("A1", 1_000, subject_id=subject(1), reported=1))
    assert give_back(refund("A1", "import", 800)) == ["new"]
    assert give_back(refund("A1", "import", 800)) == ["same"]
    assert give_back(refund("A1", "import", 700)) == ["other_refund"]
    view = only_order()
    assert (view.refunded_amount, [line.refunded_amount for line in view.lines]) == (800, [800])
    assert [fact.payload.amount for fact in told("order.refunded")] == [800]


@pytest.mark.django_db(transaction=True)
def test_a_report_in_another_currency_becomes_a_dead_letter_and_holds_up_no_other() -> None:
    facts.install_cursors()
    line = {"line_no": 1, "sku": "K1", "name": "项链", "quantity": 1, "amount": 26_800}
    for number, currency in (("P1", "CNY"), ("P2", "USD"), ("P3", "")):
        told_there: dict[str, object] = {
            "source": "pos", "order_no": number, "paid_at": "2026-03-01T12:00:00+08:00",
            "currency": currency, "lines": [line],
        }  # fmt: skip
        _report("trade.order_reported", number, told_there, None)
    facts.drain(at=AT, only=["records_commerce.trade"])
    kept = {view.order_no: view.currency for view in commerce.orders(ALL).items}
    assert kept == {"P1": "CNY", "P3": "CNY"}
    (dead,) = facts.list_dead()
    assert dead.subscription == "records_commerce.trade"
    assert "订单的币种与品牌记账币种不同" in dead.error
    (day,) = commerce.sales_by_day(date(2026, 3, 1), date(2026, 3, 1), scope=ALL)
    assert (day.orders, day.amount) == (2, 53_600)


@pytest.mark.django_db(transaction=True)
def test_a_refused_report_becomes_a_dead_letter_and_nothing_of_it_stays(
    caplog: pytest.LogCaptureFixture,
) -> None:
    facts.install_cursors()

    def bought(number: str, amount: int, paid_at: datetime = AT) -> None:
        line = {"line_no": 1, "sku": "K1", "name": "项链", "quantity": 1, "amount": amount}
        told_there: dict[str, object] = {
            "source": "pos", "order_no": number, "paid_at": paid_at.isoformat(), "currency": "CNY",
            "lines": [line] if amount else [],
        }  # fmt: skip
        _report("trade.order_reported", f"{number}:{amount}", told_there, None, at=paid_at)

    def returned(number: str, refund_no: str, amount: int) -> None:
        back: dict[str, object] = {
            "source": "pos", "order_no": number, "refund_no": refund_no, "refunded_at": AT.isoformat(),
            "lines": [{"line_no": 1, "quantity": 1, "amount": amount}],
        }  # fmt: skip
        _report("trade.refund_reported", f"{number}:{refund_no}:{amount}", back, None)

    bought("P1", 1_000)
    bought("P2", -500)
    bought("P3", 0)
    bought("P4", 800)
    returned("P1", "R1", 700)
    returned("P1", "R2", 400)
    returned("P1", "R1", 600)
    returned("P4", "R1", 100)
    facts.drain(at=AT, only=["records_commerce.trade"])
    bought("P1", 600, AT + timedelta(hours=1))
    facts.drain(at=AT, only=["records_commerce.trade"])
    standing = {
        view.order_no: (view.amount, view.refunded_amount) for view in commerce.orders(ALL, size=50).items
    }
    assert standing == {"P1": (1_000, 700), "P4": (800, 100)}
    dead = [letter.error for letter in reversed(facts.list_dead())]
    refused = [record for record in caplog.records if record.name == "siyu.facts"]
    assert [record.__dict__["reason"] for record in refused] == dead  # once each, and no stack of calls
    assert not any(record.exc_info for record in refused)
    assert dead == [
        f"订单 {number}:{commerce.describe_reject(commerce.Reject(reason))}"
        for number, reason in (
            ("P2", "negative"), ("P3", "no_lines"), ("P1", "above_paid"), ("P1", "other_refund"),
            ("P1", "below_refunded"),
        )
    ]  # fmt: skip
    assert len(told("order.paid", "order.refunded", "order.changed")) == 4

    bought("P1", 2_000, AT + timedelta(hours=2))  # corrected: now the second refund has room
    facts.drain(at=AT, only=["records_commerce.trade"])
    above = next(
        x for x in facts.list_dead() if str(commerce.describe_reject(commerce.Reject.ABOVE_PAID)) in x.error
    )
    with foundation.transaction():
        assert facts.replay_dead(above.id, at=AT)
    found = {view.order_no: view.refunded_amount for view in commerce.orders(ALL, size=50).items}
    assert (found["P1"], facts.count_dead()) == (1_100, 4)


@pytest.mark.django_db(transaction=True)
def test_a_refund_that_waited_and_is_more_than_its_order_becomes_a_dead_letter_too() -> None:
    facts.install_cursors()

    def order_told(amount: int, hours: int) -> None:
        line = {"line_no": 1, "sku": "K1", "name": "项链", "quantity": 1, "amount": amount}
        told_there: dict[str, object] = {
            "source": "pos", "order_no": "P1", "paid_at": AT.isoformat(), "currency": "CNY", "lines": [line],
        }  # fmt: skip
        _report("trade.order_reported", f"P1:{amount}", told_there, None, at=AT + timedelta(hours=hours))
        facts.drain(at=AT, only=["records_commerce.trade"])

    for refund_no, amount in (("R1", 300), ("R2", 900)):
        back: dict[str, object] = {
            "source": "pos", "order_no": "P1", "refund_no": refund_no, "refunded_at": AT.isoformat(),
            "lines": [{"line_no": 1, "quantity": 1, "amount": amount}],
        }  # fmt: skip
        _report("trade.refund_reported", refund_no, back, None)
    facts.drain(at=AT, only=["records_commerce.trade"])
    assert facts.count_dead() == 0  # they wait
    order_told(1_000, 0)
    view = only_order()
    assert (view.amount, view.refunded_amount, [one.refund_no for one in view.refunds]) == (
        1_000,
        300,
        ["R1"],
    )
    (dead,) = facts.list_dead()
    assert (dead.subscription, dead.name) == ("records_commerce.trade", "trade.refund_reported")
    assert dead.error == f"订单 P1:{commerce.describe_reject(commerce.Reject.ABOVE_PAID)}"
    with foundation.transaction():
        assert not facts.replay_dead(dead.id, at=AT)
    order_told(1_200, 1)
    with foundation.transaction():
        assert facts.replay_dead(dead.id, at=AT)
    assert (only_order().refunded_amount, facts.count_dead()) == (1_200, 0)


def _report(
    name: str, event_id: str, data: dict[str, object], subject_id: int | None, *, at: datetime = AT
) -> None:
    payload = facts.load_payload(facts.CATALOGUE.get(name).payload, data, strict=True)
    facts.record([facts.NewFact(name, payload, at, subject_id, "shop", event_id)], at=AT)


reports = st.lists(
    st.one_of(
        st.tuples(st.just("order"), st.integers(0, 2), st.integers(1, 3)),
        st.tuples(st.just("refund"), st.integers(0, 2), st.integers(1, 3)),
    ),
    min_size=1,
    max_size=10,
    unique=True,
)


@pytest.mark.django_db
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=reports, data=st.data())
def test_any_order_of_arrival_ends_alike(events: list[tuple[str, int, int]], data: st.DataObject) -> None:
    """Reports that corrected each other and refunds, shuffled, doubled and cut anywhere: one outcome."""
    tidy = _arrive([sorted(events)])
    shuffled = data.draw(st.permutations(events * 2))
    cut = data.draw(st.integers(1, len(shuffled)))
    assert _arrive([shuffled[n : n + cut] for n in range(0, len(shuffled), cut)]) == tidy


def _arrive(batches: list[list[tuple[str, int, int]]]) -> list[tuple[object, ...]]:
    with rolled_back():
        for batch in batches:
            record(*[order(f"O{n}", 1000 + v, reported=v) for kind, n, v in batch if kind == "order"])
            give_back(*[refund(f"O{n}", f"r{v}", v) for kind, n, v in batch if kind == "refund"])
        found = commerce.orders(ALL, size=50).items
        return sorted((view.order_no, view.amount, view.refunded_amount) for view in found)


@pytest.mark.django_db
def test_backfilled_orders_are_marked_and_a_sweep_finds_what_was_missed() -> None:
    record(order("T1", 800), origin=facts.Origin.BACKFILL)
    customers.link([[ref("order_no", "T1", "pos"), phone(1)]], at=AT, source="test")
    foundation.JOBS.get("records_commerce.match").run({}, _Run())
    (view,) = commerce.orders_of(person(1)).items
    assert view.backfill
    assert [fact.origin for fact in told("order.paid", "order.claimed")] == [facts.Origin.BACKFILL] * 2


class _Run:
    at = AT + timedelta(minutes=1)
    attempt = 1
    job_id = 1

    def progress(self, done: int, total: int | None = None, note: str = "") -> None: ...

    def should_stop(self) -> bool:
        return False
