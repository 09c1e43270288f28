"""The numbers of 今日: exact, in the brand's days, in scope, each the sum of its rows."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from siyu.facts import api as facts
from siyu.insights.metrics import api as metrics
from siyu.insights.metrics import keeping
from siyu.insights.metrics.subscribers import handle
from siyu.kit.errors import BadInput, NotFound
from siyu.records.customers import api as customers
from siyu.records.ledger.contracts import MERGE
from siyu.records.staff import api as staff

from .conftest import START, Brand

ALL = staff.EVERYTHING
DAY = date(2026, 3, 2)
PAYLOADS: dict[str, dict[str, Any]] = {
    "task": {"employee_id": 0, "kind": "care"},
    "delivery": {"channel": "wecom.welcome", "kind": "service", "purpose_key": "p"},
}


def tell(
    brand: Brand, name: str, when: datetime | None = None, subject: int | None = None, **fields: Any
) -> None:
    """Record a fact of a module above insights, as it would."""
    brand.count += 1
    values = {**PAYLOADS.get(name.split(".")[0], {}), **fields}
    payload = facts.CATALOGUE.get(name).payload(**values)
    facts.record(
        [facts.NewFact(name, payload, when or brand.at, subject, "t", f"t{brand.count}")], at=brand.at
    )


def value(key: str, day: date = DAY, scope: staff.Scope = ALL) -> tuple[float | None, int, int | None]:
    found = metrics.metric(key, scope=scope, day=day)
    return found.value, found.numerator, found.denominator


def only(*employees: int) -> staff.Scope:
    return staff.Scope(employee_ids=frozenset(employees))


def test_sales_are_paid_less_refunded_of_known_customers(brand: Brand) -> None:
    ann = brand.person("Ann")
    brand.order(ann, 10_000, number="A")
    brand.order(ann, 5_000, paid_at=datetime(2026, 3, 1, 15, 59, tzinfo=UTC), number="B")  # 23:59 in Shanghai
    brand.order(ann, 2_000, paid_at=datetime(2026, 3, 1, 16, 0, tzinfo=UTC))  # midnight
    unknown = customers.identify([customers.IdentityRef("order_no", "X9", "pos")], at=brand.at, source="t")[0]
    brand.order(0, 77_700, subject_id=unknown.subject_id)
    brand.refund("B", 1_000)
    brand.drain()
    assert value("sales") == (11_000, 11_000, None)
    assert value("sales", date(2026, 3, 1)) == (5_000, 5_000, None)
    assert value("sales", scope=staff.NOTHING) == (0, 0, None)
    rows = metrics.rows("sales", scope=ALL, day=DAY)
    assert (rows.total, sum(row.amount for row in rows.items)) == (3, 11_000)
    assert {row.customer_id for row in rows.items} == {ann}
    waiting = {item.key: item.count for item in metrics.attention(scope=ALL, at=brand.at)}
    assert waiting == {"orders_unmatched": 1}


def test_a_friend_is_new_once_and_lost_when_they_leave(brand: Brand) -> None:
    lin, zhao = brand.staff("lin", "zhao").values()
    ann, bob = brand.person("Ann"), brand.person("Bob")
    brand.befriend(ann, lin)
    brand.befriend(bob, zhao)
    brand.later(hours=1)
    ended = customers.ContactEndSpec(brand.subject(ann), lin, "corp", brand.at, customers.EndedBy.CUSTOMER)
    customers.end_contact([ended], at=brand.at, source="t")
    brand.later(days=1)
    brand.befriend(ann, zhao)
    brand.drain()
    assert (value("new_customers"), value("lost_customers")) == ((2, 2, None), (1, 1, None))
    assert value("new_customers", DAY + timedelta(days=1)) == (0, 0, None)
    assert value("new_customers", scope=only(lin)) == (1, 1, None)
    assert value("lost_customers", scope=only(zhao)) == (0, 0, None)
    rows = metrics.rows("new_customers", scope=only(zhao), day=DAY)
    assert [row.customer_id for row in rows.items] == [bob]


def test_tasks_count_when_done_by_the_end_of_their_day(brand: Brand) -> None:
    for task, employee in ((1, 7), (2, 7), (3, 8), (4, 8)):
        tell(brand, "task.created", task_id=task, employee_id=employee)
    tell(brand, "task.done", task_id=1, employee_id=7, when=brand.at + timedelta(hours=3))
    tell(brand, "task.done", task_id=2, employee_id=7, when=brand.at + timedelta(days=1))
    tell(brand, "task.skipped", task_id=3, employee_id=8)
    brand.drain()
    assert value("task_completion") == (0.25, 1, 4)
    assert value("task_completion", scope=only(7)) == (0.5, 1, 2)
    assert [row.id for row in metrics.rows("task_completion", scope=ALL, day=DAY).items] == [1]
    brand.later(days=1)
    assert [(i.key, i.count) for i in metrics.attention(scope=ALL, at=brand.at)] == [("tasks_overdue", 1)]
    assert metrics.attention(scope=only(7), at=brand.at) == []


def test_nothing_to_divide_by_is_not_zero(brand: Brand) -> None:
    tasks = metrics.metric("task_completion", scope=ALL, day=DAY)
    assert (tasks.status, tasks.value, tasks.denominator) == (metrics.Status.NOT_ENOUGH, None, 0)
    assert str(tasks.note)
    answer = metrics.metric("first_response", scope=ALL, day=DAY)
    assert (answer.status, answer.value) == (metrics.Status.NOT_ENABLED, None)
    again = metrics.metric("repurchase_30d", scope=ALL, day=DAY)
    assert (again.status, again.value) == (metrics.Status.NOT_ENOUGH, None)


def test_repurchase_of_thirty_days(brand: Brand) -> None:
    people = [brand.person(n) for n in "abcd"]
    for who in people:
        brand.order(who, 100)
    brand.order(people[0], 100, paid_at=START - timedelta(days=100))
    brand.drain()
    assert value("repurchase_30d") == (0.25, 1, 4)
    assert metrics.rows("repurchase_30d", scope=ALL, day=DAY).total == 4


def test_repurchase_of_a_large_brand_is_kept_by_day(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [brand.person(n) for n in "abcd"]
    for who in people:
        brand.order(who, 100)
    brand.order(people[0], 100, paid_at=START - timedelta(days=100))
    assert metrics.keep(at=brand.at) == 0
    monkeypatch.setattr(keeping, "LONG", 3)
    assert metrics.keep(at=brand.at) == 62 + 60 + 60
    brand.order(people[1], 100, paid_at=START - timedelta(days=100))
    old = metrics.metric("repurchase_30d", scope=ALL, day=DAY)
    assert (old.value, old.numerator, old.denominator, str(old.note)[-11:]) == (0.25, 1, 4, "03-02 12:00")
    unseen = only()
    assert value("repurchase_30d", scope=unseen) == (None, 0, 0)
    assert value("repurchase_30d", DAY + timedelta(days=2)) == (0.5, 2, 4)  # not kept: counted now
    brand.later(days=1)
    metrics.keep(at=brand.at)
    sales = metrics.series("sales", scope=ALL, until=DAY + timedelta(days=1), days=3)
    assert [(v.numerator, bool(str(v.note))) for v in sales] == [(0, True), (400, True), (0, False)]
    assert [v.numerator for v in metrics.series("repurchase_30d", scope=ALL, until=DAY, days=2)] == [0, 2]
    monkeypatch.setattr(keeping, "LONG", 20_000)
    assert metrics.keep(at=brand.at) == 0
    assert str(metrics.metric("repurchase_30d", scope=ALL, day=DAY).note) == ""


def test_welcomes_and_what_is_stuck(brand: Brand) -> None:
    for delivery in (1, 2, 3):
        tell(brand, "delivery.queued", delivery_id=delivery, employee_id=7)
    tell(brand, "delivery.queued", delivery_id=9, channel="wecom.mass", employee_id=7)
    tell(brand, "delivery.sent", delivery_id=1, employee_id=7)
    tell(brand, "delivery.confirmed", delivery_id=1, employee_id=7)
    tell(brand, "delivery.held", delivery_id=2, employee_id=7, rule="quiet")
    tell(brand, "delivery.unknown", delivery_id=3, employee_id=7)
    tell(brand, "delivery.held", delivery_id=9, channel="wecom.mass", employee_id=7, rule="cap")
    brand.drain()
    assert value("welcome_delivered") == (1 / 3, 1, 3)
    stuck = [(i.key, i.count, i.link) for i in metrics.attention(scope=ALL, at=brand.at)]
    assert stuck == [
        ("deliveries_unknown", 1, "deliveries_unknown"),
        ("deliveries_held", 2, "deliveries_held"),
    ]
    brand.later(hours=1)
    tell(brand, "delivery.sent", delivery_id=2, employee_id=7)
    brand.drain()
    assert value("welcome_delivered") == (2 / 3, 2, 3)
    assert [(i.key, i.count) for i in metrics.attention(scope=only(7), at=brand.at)] == [
        ("deliveries_unknown", 1),
        ("deliveries_held", 1),
    ]
    assert metrics.attention(scope=only(8), at=brand.at) == []


def test_points_granted_do_not_count_what_a_merge_moves(brand: Brand) -> None:
    ann, bob = brand.person("Ann"), brand.person("Bob")
    subject = {who: brand.subject(who) for who in (ann, bob)}
    for transfer, who, kind, amount in (
        (1, ann, "earn", 120),
        (2, bob, "earn", 30),
        (3, bob, "reverse", -30),
        (4, ann, MERGE, 30),
    ):
        tell(
            brand,
            "points.posted",
            subject=subject[who],
            transfer_id=transfer,
            kind=kind,
            amount=amount,
            balance_after=0,
        )
    lin = brand.staff("lin")["lin"]
    customers.assign([bob], lin, at=brand.at, reason="t")
    brand.drain()
    assert value("points_granted") == (150, 150, None)
    assert value("points_granted", scope=only(lin)) == (30, 30, None)
    rows = metrics.rows("points_granted", scope=ALL, day=DAY)
    assert sorted((row.customer_id, row.amount) for row in rows.items) == [(ann, 120), (bob, 30)]


def test_a_series_has_every_day_and_today_every_number(brand: Brand) -> None:
    ann = brand.person("Ann")
    brand.order(ann, 100, paid_at=START - timedelta(days=2))
    brand.drain()
    found = metrics.series("sales", scope=ALL, until=DAY, days=30)
    assert len(found) == 30
    assert [v.value for v in found[-4:]] == [0, 100, 0, 0]
    assert (found[0].day, found[-1].day) == (DAY - timedelta(days=29), DAY)
    assert (
        tuple(v.key for v in metrics.today(scope=ALL, at=brand.at))
        == metrics.TODAY
        == tuple(metrics.DEFINITIONS)
    )
    for definition in metrics.DEFINITIONS.values():
        assert str(definition.text)
        assert str(definition.numerator)
        assert (definition.denominator is None) is (
            definition.unit not in (metrics.Unit.SHARE, metrics.Unit.DURATION)
        )
    with pytest.raises(NotFound):
        metrics.metric("vanity", scope=ALL, day=DAY)
    with pytest.raises(BadInput):
        metrics.series("sales", scope=ALL, until=DAY, days=0)


@pytest.mark.django_db
@settings(max_examples=10, deadline=None)
@given(st.randoms(use_true_random=False))
def test_facts_repeated_and_shuffled_count_once(chance: Any) -> None:
    with transaction.atomic():
        brand = Brand()
        for task in range(1, 7):
            tell(brand, "task.created", task_id=task, employee_id=7)
            if task % 2:
                tell(brand, "task.done", task_id=task, employee_id=7)
        heard = brand.facts_named("task.created", "task.done")
        heard += chance.sample(heard, 5)
        chance.shuffle(heard)
        for fact in heard:
            handle([fact], facts.HandleContext(brand.at, "t"))
        assert value("task_completion") == (0.5, 3, 6)
        transaction.set_rollback(True)
