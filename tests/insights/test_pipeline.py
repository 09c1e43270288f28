"""The pipeline as the worker runs it: real cursors, real commits, two workers, and the loops of time."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta

import pytest
from django.db import connection

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments import api as segments
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

from .conftest import Brand, names_of, rule, trait


@pytest.mark.django_db(transaction=True)
def test_two_workers_draining_at_once_move_everybody_once() -> None:
    brand = Brand()
    with foundation.transaction():
        facts.install_cursors()
        bought = segments.create_segment(
            "bought", rule(trait("orders", "at_least", 1)), by=foundation.SYSTEM, at=brand.at
        ).id
        people = [brand.person(f"P{n:02d}") for n in range(20)]
    for who in people[:15]:
        with foundation.transaction():
            brand.order(who, 100)
    troubles: list[BaseException] = []

    def work() -> None:
        try:
            facts.drain(at=brand.at)
        except BaseException as trouble:
            troubles.append(trouble)
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _n in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    facts.drain(at=brand.at)
    assert troubles == []
    assert facts.count_dead() == 0
    assert names_of(brand, sorted(segments.member_ids(bought))) == [f"P{n:02d}" for n in range(15)]
    entered = brand.facts_named("segment.entered")
    assert len(entered) == len({fact.subject_id for fact in entered}) == 15
    assert [(r.entered, r.left) for r in segments.rebuild(at=brand.at)] == [(0, 0)]


@pytest.mark.django_db(transaction=True)
def test_who_is_erased_while_being_judged_leaves_no_membership(monkeypatch: pytest.MonkeyPatch) -> None:
    brand = Brand()
    with foundation.transaction():
        facts.install_cursors()
        segments.create_segment(
            "bought", rule(trait("orders", "at_least", 1)), by=foundation.SYSTEM, at=brand.at
        )
        ann = brand.person("Ann")
        brand.order(ann, 100)
    judged, erasing = threading.Event(), threading.Event()

    def last(touch: cards.Touch, *, at: datetime) -> dict[int, frozenset[str]]:
        if not judged.is_set():  # cards and segments are written, and not committed yet
            judged.set()
            erasing.wait(10)
            time.sleep(0.3)
        return {}

    monkeypatch.setitem(cards.LISTENERS._items, "9_last", last)

    def work() -> None:
        facts.drain(at=brand.at)
        connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    assert judged.wait(30)
    erasing.set()
    with foundation.transaction():
        customers.erase_customer(ann, at=brand.at, by=foundation.SYSTEM, scope=staff.EVERYTHING)
    worker.join(60)
    facts.drain(at=brand.at)
    for table in (
        "insights_cards_card",
        "insights_segments_membership",
        "insights_segments_nextflip",
        "insights_scoring_stageflip",
    ):
        assert foundation.fetch(f"SELECT count(*) FROM {table}") == [(0,)], table


@pytest.mark.django_db(transaction=True)
def test_the_loops_of_time_serve_what_is_due_and_nothing_earlier() -> None:
    brand = Brand()
    with foundation.transaction():
        facts.install_cursors()
        asleep = segments.create_segment(
            "asleep", rule(trait("last_order_at", "over_days", 90)), by=foundation.SYSTEM, at=brand.at
        ).id
        ann = brand.person("Ann")
        brand.order(ann, 100)
    facts.drain(at=brand.at)
    loops = [foundation.LOOPS.get(name) for name in ("scoring.flips", "segments.flips")]
    assert [loop.next_due() for loop in loops] == [
        brand.at + timedelta(days=30),
        brand.at + timedelta(days=90),
    ]
    assert [(loop.pending(brand.at), loop.run(brand.at)) for loop in loops] == [(0, 0), (0, 0)]
    brand.later(days=90)
    while sum(loop.run(brand.at) for loop in loops):
        pass
    assert [loop.pending(brand.at) for loop in loops] == [0, 0]
    assert segments.member_ids(asleep) == {ann}
    assert brand.card(ann).stage == "at_risk"
    facts.drain(at=brand.at)
    assert [m.segment_id for m in segments.memberships(ann, scope=staff.EVERYTHING)] == [asleep]
