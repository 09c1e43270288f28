"""Incremental equals rebuild: under any order, any batches, repeats, merges and jumps of time."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.scoring import api as scoring
from siyu.insights.scoring.operations import run_flips as run_stage_flips
from siyu.insights.segments import api as segments
from siyu.insights.segments.flips import run_flips
from siyu.records.customers import api as customers

from .conftest import START, Brand, rule, trait

PEOPLE = 4
DEFINITIONS = (
    rule(trait("net_total", "at_least", 500), {"tag": {"name": "hot"}}, kind="any"),
    rule({"fact": {"name": "page.viewed", "at_least": 2, "days": 5}}),
    rule(
        {"not": {"fact": {"name": "order.paid", "at_least": 1, "days": 40}}}, trait("orders", "at_least", 1)
    ),
    rule(trait("last_order_at", "over_days", 20), {"not": trait("created_at", "within_days", 3)}),
    rule(trait("stage", "one_of", ["new", "active"]), {"tag": {"name": "hot", "has": False}}),
    rule(trait("m", "at_least", 4), trait("last_active_at", "within_days", 9), kind="any"),
)

who = st.integers(0, PEOPLE - 1)
days_ago = st.integers(0, 120)
steps = st.one_of(
    st.tuples(st.just("order"), who, days_ago, st.integers(0, 900)),
    st.tuples(st.just("refund"), who, st.integers(0, 5), st.integers(1, 100)),
    st.tuples(st.just("view"), who, days_ago, st.just(0)),
    st.tuples(st.just("device_view"), st.integers(0, 1), days_ago, st.just(0)),
    st.tuples(st.just("identify"), who, st.integers(0, 1), st.just(0)),
    st.tuples(st.just("tag"), who, st.booleans(), st.just(0)),
    st.tuples(st.just("merge"), who, who, st.just(0)),
    st.tuples(st.just("unmerge"), who, st.just(0), st.just(0)),
)
moves = st.one_of(steps, st.tuples(st.just("wait"), st.integers(1, 60), st.just(0), st.just(0)))


class Play:
    """Plays steps on a brand of four people and two unknown devices."""

    def __init__(self, brand: Brand) -> None:
        self.brand = brand
        self.people = [brand.person(f"P{n}") for n in range(PEOPLE)]
        self.devices = [
            customers.identify([customers.IdentityRef("device", f"d{n}")], at=brand.at, source="t")[
                0
            ].subject_id
            for n in range(2)
        ]
        self.orders: dict[int, list[tuple[str, int]]] = {n: [] for n in range(PEOPLE)}
        self.merges: list[int] = []

    def subject(self, person: int) -> int:
        """The subject a person was found as, whoever it belongs to now."""
        return customers.anchors_of([self.people[person]])[self.people[person]]

    def step(self, move: tuple[str, Any, Any, Any]) -> None:
        kind, a, b, c = move
        do: Callable[[Any, Any, Any], None] = getattr(self, kind)
        do(a, b, c)

    def wait(self, days: int, _b: int, _c: int) -> None:
        self.brand.later(days=days)

    def order(self, person: int, ago: int, amount: int) -> None:
        number = f"{person}-{len(self.orders[person])}"
        when = START - timedelta(days=ago)
        self.brand.order(
            self.people[person], amount, paid_at=when, number=number, subject_id=self.subject(person)
        )
        self.orders[person].append((number, amount))

    def refund(self, person: int, which: int, percent: int) -> None:
        if which < len(self.orders[person]):
            number, amount = self.orders[person][which]
            if amount * percent // 100:
                self.brand.refund(number, amount * percent // 100)

    def view(self, person: int, ago: int, _c: int) -> None:
        self.brand.view_page(self.subject(person), START - timedelta(days=ago))

    def device_view(self, device: int, ago: int, _c: int) -> None:
        self.brand.view_page(self.devices[device], START - timedelta(days=ago))

    def identify(self, person: int, device: int, _c: int) -> None:
        refs = [
            customers.IdentityRef("device", f"d{device}"),
            customers.IdentityRef("phone", f"1380000{person + 1:04d}"),
        ]
        customers.link([refs], at=self.brand.at, source="t")

    def tag(self, person: int, on: bool, _c: int) -> None:
        change = customers.tag if on else customers.untag
        change(
            list(customers.current_ids([self.people[person]]).values()), "hot", at=self.brand.at, source="t"
        )

    def merge(self, kept: int, merged: int, _c: int) -> None:
        roots = customers.current_ids(self.people)
        if roots[self.people[kept]] != roots[self.people[merged]]:
            self.merges.append(
                customers.merge(
                    self.people[kept], self.people[merged], at=self.brand.at, by=foundation.SYSTEM
                )
            )

    def unmerge(self, which: int, _b: int, _c: int) -> None:
        if self.merges:
            customers.undo_merge(self.merges.pop(), at=self.brand.at, by=foundation.SYSTEM)


def settle(brand: Brand, batch: int) -> None:
    """Deliver everything and serve what time has made due."""
    while brand.drain(batch) + run_stage_flips(brand.at) + run_flips(brand.at):
        pass


def state() -> tuple[list[Any], ...]:
    """Cards, members now and next flips, without ids that differ between runs of one story."""
    return (
        foundation.fetch("SELECT * FROM insights_cards_card ORDER BY customer_id"),
        foundation.fetch(
            "SELECT customer_id, grams, tags, phone_tail FROM insights_cards_cardsearch ORDER BY 1"
        ),
        foundation.fetch(
            "SELECT segment_id, customer_id FROM insights_segments_membership"
            " WHERE valid_to IS NULL AND known_to IS NULL ORDER BY 1, 2"
        ),
        foundation.fetch(
            "SELECT segment_id, customer_id, due_at FROM insights_segments_nextflip ORDER BY 1, 2"
        ),
        foundation.fetch("SELECT customer_id, due_at FROM insights_scoring_stageflip ORDER BY 1"),
    )


def setup(brand: Brand) -> Play:
    play = Play(brand)
    for person in range(PEOPLE):
        play.order(person, person * 7, 100 * (person + 1))
    brand.drain()
    foundation.set_setting("rfm.minimum_buyers", 5, at=brand.at, by=foundation.SYSTEM)
    foundation.execute(
        "UPDATE foundation_settings_settingvalue SET value = '1' WHERE key = 'rfm.minimum_buyers'"
    )
    scoring.take_snapshot(at=brand.at)
    for n, definition in enumerate(DEFINITIONS):
        segments.create_segment(f"S{n}", definition, by=foundation.SYSTEM, at=brand.at)
    first = segments.segments()[0].id
    segments.create_segment(
        "S9", rule({"segment": {"id": first, "member": False}}), by=foundation.SYSTEM, at=brand.at
    )
    return play


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(moves, min_size=1, max_size=14), st.sampled_from([1, 3, 1000]))
def test_incremental_equals_rebuild(brand: Brand, story: list[tuple[str, Any, Any, Any]], batch: int) -> None:
    with transaction.atomic():
        fresh = Brand()
        play = setup(fresh)
        for move in story:
            play.step(move)
            settle(fresh, batch)
        kept = state()
        assert cards.rebuild(at=fresh.at) == 0
        assert scoring.rescore(at=fresh.at).changed == 0
        for table in (
            "insights_segments_membership",
            "insights_segments_nextflip",
            "insights_scoring_stageflip",
        ):
            foundation.execute(f"DELETE FROM {table}")
        scoring.rescore(at=fresh.at)
        segments.rebuild(at=fresh.at)
        assert state() == kept
        transaction.set_rollback(True)


@pytest.mark.django_db
@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    st.lists(steps, min_size=2, max_size=14), st.randoms(use_true_random=False), st.sampled_from([1, 4, 1000])
)
def test_facts_repeated_and_in_any_order_lead_to_the_same(
    brand: Brand, story: list[tuple[str, Any, Any, Any]], chance: random.Random, batch: int
) -> None:
    """The records are played once; what insights is told of it comes shuffled and in part twice."""
    with transaction.atomic():
        fresh = Brand()
        play = setup(fresh)
        for move in story:
            play.step(move)
        point, seen = transaction.savepoint(), dict(fresh.seen)
        settle(fresh, 1000)
        tidy = state()
        transaction.savepoint_rollback(point)
        fresh.seen = seen
        fresh.seen["insights"] = 2**62
        fresh.drain()  # the records' own subscribers hear the tidy order
        subscription = facts.SUBSCRIPTIONS.get("insights")
        heard = list(facts.read(names=sorted(subscription.facts), limit=10_000))
        heard += chance.sample(heard, len(heard) // 2)
        chance.shuffle(heard)
        for start in range(0, len(heard), batch):
            subscription.handle(heard[start : start + batch], facts.HandleContext(fresh.at, "insights"))
        assert state() == tidy
        transaction.set_rollback(True)
