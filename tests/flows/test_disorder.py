"""The same happenings late, repeated and in another order lead to the same records, balances, cards and segments.

In-process: events come through the public API, everything that waits is delivered after each batch, and what
the modules' doors say at the end is compared with the tidy order's. Decisions are taken at most once either way.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff
from tests.insights.conftest import START, Brand, rule, trait

PEOPLE = 3
TIMED = ("insights", "scoring", "segments", "journeys")
SEGMENTS = (
    rule(trait("net_total", "at_least", 40_000)),
    rule({"fact": {"name": "page.viewed", "at_least": 2, "days": 30}}),
    rule({"fact": {"name": "order.paid", "at_least": 2, "days": 60}}, {"tag": {"name": "老友"}}, kind="any"),
)

who = st.integers(0, PEOPLE - 1)
happenings = st.one_of(
    st.tuples(st.just("order"), who, st.integers(0, 90), st.integers(1, 60_000)),
    st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 100), st.just(0)),
    st.tuples(st.just("view"), who, st.integers(0, 60), st.just(0)),
    st.tuples(st.just("device_view"), who, st.integers(0, 60), st.just(0)),
    st.tuples(st.just("identify"), who, st.just(0), st.just(0)),
    st.tuples(st.just("befriend"), who, st.integers(0, 20), st.just(0)),
)
Story = list[tuple[str, Any, Any, Any]]
Deed = dict[str, Any]


def deeds_of(story: Story) -> list[Deed]:
    """The story in the order it happened: events for the API, and what connectors would tell the records."""
    deeds: list[Deed] = []
    orders: list[tuple[str, int, int, int]] = []
    for number, (kind, a, b, c) in enumerate(story):
        if kind == "order":
            orders.append((f"O{number}", a, b, c))
            lines = [{"line_no": 1, "sku": "S", "name": "戒指", "quantity": 1, "amount": c}]
            paid = (START - timedelta(days=b)).isoformat()
            payload = {"source": "pos", "order_no": f"O{number}", "paid_at": paid, "lines": lines}
            deeds.append(event(f"o{number}", "trade.order_reported", b, phone(a), payload))
        elif kind == "refund" and orders and not any(d["id"] == f"r{a % len(orders)}" for d in deeds):
            order_no, buyer, ago, amount = orders[a % len(orders)]
            back = {"line_no": 1, "quantity": 0, "amount": max(1, amount * b // 100)}
            refunded = (START - timedelta(days=ago) + timedelta(minutes=5)).isoformat()
            payload = {"source": "pos", "order_no": order_no, "refund_no": f"R-{order_no}"}
            payload |= {"refunded_at": refunded, "lines": [back]}
            deeds.append(event(f"r{a % len(orders)}", "trade.refund_reported", ago, phone(buyer), payload))
        elif kind in ("view", "device_view"):
            by = phone(a) if kind == "view" else {"kind": "device", "value": f"d{a}"}
            deeds.append(event(f"v{number}", "page.viewed", b, by, {"url": "/ring"}))
        elif kind in ("identify", "befriend"):
            deeds.append({"id": f"{kind}{number}", "do": kind, "who": a, "ago": b})
    return deeds


def phone(person: int) -> dict[str, str]:
    return {"kind": "phone", "value": f"1380000{person:04d}"}


def event(key: str, name: str, ago: int, identity: dict[str, str], payload: dict[str, Any]) -> Deed:
    when = (START - timedelta(days=ago)).isoformat()
    return {"id": key, "name": name, "occurred_at": when, "identity": identity, "payload": payload}


class Town:
    """A fresh brand in a transaction of its own."""

    def __init__(self) -> None:
        self.brand = Brand()
        self.clerk = self.brand.staff("near")["near"]
        for number, definition in enumerate(SEGMENTS):
            segments.create_segment(f"S{number}", definition, by=foundation.SYSTEM, at=START)
        journeys.install_defaults(at=START - timedelta(days=100))
        key = foundation.create_api_key(
            name="shop", role=foundation.Role.OPERATOR, scopes=["all"], at=START, by=foundation.SYSTEM
        )[1]
        self.client = Client(headers={"Authorization": f"Bearer {key}"})

    def play(self, batches: Sequence[Sequence[Deed]]) -> None:
        """Hand the batches over; after each everything that waits is done."""
        for batch in batches:
            events = [deed for deed in batch if "name" in deed]
            if events:
                answer = self.client.post(
                    "/api/v1/events", json.dumps({"events": events}), content_type="application/json"
                )
                assert answer.status_code == 200, answer.content
                assert answer.json()["rejected"] == 0, answer.content
            for deed in batch:
                if "do" in deed:
                    getattr(self, deed["do"])(deed["who"], deed["ago"])
            self.settle()

    def identify(self, person: int, _ago: int) -> None:
        refs = [customers.IdentityRef("device", f"d{person}"), customers.IdentityRef(**phone(person))]
        customers.link([refs], at=START, source="test")

    def befriend(self, person: int, ago: int) -> None:
        (found,) = customers.identify([customers.IdentityRef(**phone(person))], at=START, source="test")
        since = START - timedelta(days=ago)
        customers.add_contact(
            [customers.ContactSpec(found.subject_id, self.clerk, "corp", since)], at=START, source="test"
        )

    def settle(self) -> None:
        """Every subscription and every timer, until nothing moves."""
        moved = 1
        while moved:
            moved = 0
            for name, subscription in facts.SUBSCRIPTIONS.items():
                moved += self.brand._deliver(name, subscription, 1_000)
            for name, loop in foundation.LOOPS.items():
                if name.startswith(TIMED):
                    moved += loop.run(START)

    def portraits(self) -> list[dict[str, Any]]:
        """What is known of each person, without ids that differ from run to run."""
        return [self.portrait(person) for person in range(PEOPLE)]

    def portrait(self, person: int) -> dict[str, Any]:
        everything = staff.EVERYTHING
        found = customers.find_customer(customers.IdentityRef(**phone(person)), scope=everything)
        if found is None:
            return {}
        card = cards.get_card(found, scope=everything, at=START)
        view = customers.get_customer(found, scope=everything)
        told = facts.read(subject_ids=view.subject_ids, limit=1_000)
        orders = commerce.orders_of(found).items
        points = ledger.balance(found)
        assert points == sum(entry.amount for entry in ledger.entries(found).items)
        assert points == sum((order.amount - order.refunded_amount) // 100 for order in orders)
        runs = journeys.enrolments(everything, customer_id=found).total
        assert runs <= 1
        return {
            "orders": sorted((one.order_no, one.amount, one.refunded_amount, one.paid_at) for one in orders),
            "points": points,
            "friends": [(one.since, one.until) for one in view.contacts],
            "views": sum(fact.name == "page.viewed" for fact in told),
            "runs": runs,
            "segments": sorted(one.segment_name for one in segments.memberships(found, scope=everything)),
            "card": [
                getattr(card, name)
                for name in (
                    "orders",
                    "spent_total",
                    "refunded_total",
                    "net_total",
                    "points_balance",
                    "first_order_at",
                    "last_order_at",
                    "last_active_at",
                    "stage",
                    "friend_count",
                    "tags",
                    "r",
                    "f",
                    "m",
                )
            ],
        }


def played(batches: Sequence[Sequence[Deed]]) -> list[dict[str, Any]]:
    """What a fresh brand knows after these batches; nothing of it stays."""
    with transaction.atomic():
        there = Town()
        there.play(batches)
        found = there.portraits()
        transaction.set_rollback(True)
    return found


@pytest.mark.slow
@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True)
@given(
    st.lists(happenings, min_size=3, max_size=14),
    st.randoms(use_true_random=False),
    st.sampled_from([1, 3, 100]),
)
def test_any_order_with_repeats_leads_to_the_same(story: Story, chance: random.Random, size: int) -> None:
    with clock.frozen(START):
        deeds = deeds_of(story)
        tidy = played([[deed] for deed in deeds])
        told = deeds + chance.sample(deeds, len(deeds) // 2)
        chance.shuffle(told)
        assert played([told[at : at + size] for at in range(0, len(told), size)]) == tidy


FULL: Story = [
    ("order", 0, 30, 50_050),
    ("refund", 0, 50, 0),
    ("device_view", 0, 3, 0),
    ("view", 0, 2, 0),
    ("identify", 0, 0, 0),
    ("befriend", 0, 1, 0),
    ("order", 0, 10, 30_000),
]


@pytest.mark.django_db
def test_a_full_story_backwards_and_twice_is_known_exactly() -> None:
    with clock.frozen(START):
        deeds = deeds_of(FULL)
        (found, *_others) = played([[deed] for deed in [*reversed(deeds), *deeds]])
        assert played([deeds])[0] == found
    assert [order[1:3] for order in found["orders"]] == [(50_050, 25_025), (30_000, 0)]
    assert (found["points"], found["views"], found["runs"]) == (250 + 300, 2, 1)
    assert found["segments"] == ["S0", "S1", "S2"]
    assert found["card"][:5] == [2, 80_050, 25_025, 55_025, 550]


@pytest.mark.django_db
@pytest.mark.parametrize("days", [(20, 1), (1, 0), (20, 20), (20, 10)])
def test_a_friend_told_twice_without_an_end_runs_the_same_journey_in_any_order(days: tuple[int, int]) -> None:
    with clock.frozen(START):
        deeds = deeds_of([("befriend", 0, day, 0) for day in days])
        (found, *_others) = played([[deed] for deed in deeds])
        assert played([[deed] for deed in reversed(deeds)])[0] == found
        assert played([[*deeds, *deeds]])[0] == found
    assert found["runs"] == (1 if min(days) <= 1 else 0)
    assert len(found["friends"]) == len(set(days))
