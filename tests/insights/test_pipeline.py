"""The pipeline as the worker runs it: real cursors, real commits, two workers, and the loops of time."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
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
