"""Scores of real buyers against an independent calculation; stages moved by orders and by time."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.scoring import api as scoring
from siyu.insights.scoring import operations
from siyu.insights.scoring.operations import run_flips, watch
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

from .conftest import START, Brand, names_of, rule, trait

NOW = datetime(1998, 7, 1, tzinfo=UTC)


def cdnow() -> Iterator[tuple[str, date, int]]:
    """(customer, day, cents) of the published 1/10 sample of CDNOW, in the order of the file."""
    spec = find_spec("lifetimes")
    assert spec is not None and spec.submodule_search_locations, "lifetimes is in requirements/data.txt"
    file = Path(spec.submodule_search_locations[0]) / "datasets" / "CDNOW_sample.txt"
    for line in csv.reader(file.read_text().splitlines(), delimiter=" ", skipinitialspace=True):
        cents = int(line[4].replace(".", "")) if "." in line[4] else int(line[4]) * 100
        yield line[1], datetime.strptime(line[2], "%Y%m%d").replace(tzinfo=UTC).date(), cents


def by_rank(values: dict[str, float], who: str) -> int:
    """The quintile without cut points: where the share of buyers at or below a value falls."""
    ordered = sorted(values.values())
    at_or_below = [bisect_right(ordered, v) / len(ordered) for v in sorted(set(values.values()))]
    edges = [next(s for s in at_or_below if s >= k / 5 - 1e-12) for k in (1, 2, 3, 4)]
    mine = bisect_right(ordered, values[who]) / len(ordered)
    return 1 + sum(mine > edge for edge in edges)


def test_rfm_of_cdnow_customers_agrees_with_an_independent_calculation(brand: Brand) -> None:
    rows = list(cdnow())
    brand.at = NOW
    foundation.set_setting("brand.currency", "USD", at=NOW, by=foundation.SYSTEM)
    names = sorted({row[0] for row in rows})
    refs = [customers.IdentityRef("member_no", n, "cdnow") for n in names]
    found = dict(
        zip(names, customers.identify(refs, at=NOW, source="t", origin=facts.Origin.BACKFILL), strict=True)
    )
    specs = [
        commerce.OrderSpec(
            source="cdnow",
            order_no=str(i),
            paid_at=datetime.combine(day, datetime.min.time(), UTC),
            lines=(commerce.LineSpec(1, "cd", "cd", 1, cents),),
            reported_at=NOW,
            subject_id=found[who].subject_id,
            currency="USD",
        )
        for i, (who, day, cents) in enumerate(rows)
    ]
    commerce.record_orders(specs, at=NOW, origin=facts.Origin.BACKFILL)
    brand.drain(2_000)
    view = scoring.take_snapshot(at=NOW)
    assert view.buyers == len(names) == 2357

    last: dict[str, float] = defaultdict(float)
    times: dict[str, float] = defaultdict(float)
    money: dict[str, float] = defaultdict(float)
    for who, day, cents in rows:
        last[who] = max(last[who], day.toordinal())
        times[who] += 1
        money[who] += cents
    ids = {name: found[name].customer_id or 0 for name in names}
    held = cards.cards_by_id(ids.values(), at=NOW)
    assert sum(card.net_total for card in held.values()) == sum(money.values())
    for name in names[::47]:
        card = held[ids[name]]
        assert (card.orders, card.net_total) == (times[name], money[name])
        assert (card.r, card.f, card.m) == (
            by_rank(last, name),
            by_rank(times, name),
            by_rank(money, name),
        ), name
    # three by hand: the best buyer, one who bought once on the first day, one in between
    best = max(names, key=lambda n: money[n])
    assert (held[ids[best]].f, held[ids[best]].m) == (5, 5)
    once = next(n for n in names if times[n] == 1 and last[n] == min(last.values()))
    assert (held[ids[once]].r, held[ids[once]].f, held[ids[once]].stage) == (1, 1, "lost")
    fours = [n for n in names if times[n] == 4]
    assert {held[ids[n]].f for n in fours} == {by_rank(times, fours[0])}
    assert {f.origin for f in facts.read(names=["stage.changed"], limit=5_000)} == {facts.Origin.BACKFILL}


def test_stage_moves_with_orders_and_with_time(brand: Brand) -> None:
    lost = segments.create_segment(
        "lost", rule(trait("stage", "is", "lost")), by=foundation.SYSTEM, at=brand.at
    ).id
    ann = brand.person("Ann")
    brand.drain()
    assert brand.card(ann).stage == "prospect"
    brand.order(ann, 100)
    brand.drain()
    seen = [(brand.card(ann).stage, brand.card(ann).stage_since)]
    for _round in range(5):
        due = foundation.fetch("SELECT due_at FROM insights_scoring_stageflip")
        if not due:
            break
        assert run_flips(due[0][0] - timedelta(seconds=1)) == 0
        brand.at = due[0][0]
        assert run_flips(brand.at) == 1
        seen.append((brand.card(ann).stage, brand.card(ann).stage_since))
    days = {"new": 0, "active": 30, "at_risk": 90, "dormant": 180, "lost": 365}
    assert seen == [(stage, START + timedelta(days=day)) for stage, day in days.items()]
    told = [(f.payload.previous, f.payload.stage, f.occurred_at) for f in brand.facts_named("stage.changed")]
    before = ["prospect", *days]
    assert told == [(before[i], s, START + timedelta(days=d)) for i, (s, d) in enumerate(days.items())]
    assert names_of(brand, list(segments.member_ids(lost))) == ["Ann"]
    brand.order(ann, 1)
    brand.drain()
    assert (brand.card(ann).stage, segments.member_ids(lost)) == ("active", frozenset())
    assert scoring.stage_counts(staff.EVERYTHING).counts[scoring.Stage.ACTIVE] == 1
    assert scoring.stage_counts(staff.NOTHING).counts[scoring.Stage.ACTIVE] == 0


def test_too_few_buyers_are_not_scored_and_a_moved_yardstick_is_quiet(brand: Brand) -> None:
    best = segments.create_segment(
        "best", rule(trait("m", "at_least", 5)), by=foundation.SYSTEM, at=brand.at
    ).id
    people = [brand.person(f"P{n}") for n in range(10)]
    for n, who in enumerate(people):
        brand.order(who, (n + 1) * 100)
    brand.drain()
    assert scoring.take_snapshot(at=brand.at).thresholds is None
    assert (brand.card(people[9]).m, segments.member_ids(best)) == (None, frozenset())
    foundation.set_setting("rfm.minimum_buyers", 10, at=brand.at, by=foundation.SYSTEM)
    view = scoring.take_snapshot(at=brand.at)
    assert view.thresholds is not None
    assert view.thresholds.monetary == (200, 400, 600, 800)
    assert [brand.card(who).m for who in people] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert segments.member_ids(best) == frozenset(people[8:])
    assert {f.origin for f in brand.facts_named("segment.entered")} == {facts.Origin.BACKFILL}
    brand.order(people[0], 5_000)  # crossing by what one does oneself is live
    brand.drain()
    assert brand.card(people[0]).m == 5
    assert brand.facts_named("segment.entered")[-1].origin is facts.Origin.LIVE
    assert scoring.rescore(at=brand.at).changed == 0
    assert scoring.current_snapshot() == view


def test_an_outgrown_yardstick_is_taken_anew(brand: Brand) -> None:
    foundation.set_setting("rfm.minimum_buyers", 5, at=brand.at, by=foundation.SYSTEM)

    def buy(count: int) -> bool:
        for _n in range(count):
            brand.order(brand.person("P"), 100)
        brand.drain()
        return watch(at=brand.at)

    assert [buy(4), buy(1), buy(1), buy(1), buy(0)] == [False, True, False, True, False]


def test_windows_are_settings_and_senseless_ones_are_not_used(brand: Brand) -> None:
    ann = brand.person("Ann")
    brand.order(ann, 100, paid_at=START - timedelta(days=50))
    brand.drain()
    assert brand.card(ann).stage == "active"
    foundation.set_setting("stage.active_days", 40, at=brand.at, by=foundation.SYSTEM)
    assert scoring.rescore(at=brand.at).changed == 1
    assert brand.card(ann).stage == "at_risk"
    foundation.set_setting("stage.at_risk_days", 20, at=brand.at, by=foundation.SYSTEM)
    scoring.rescore(at=brand.at)
    assert brand.card(ann).stage == "active"


def test_a_long_scoring_takes_back_nothing_that_time_has_done_meanwhile(
    brand: Brand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who becomes an active buyer while the night's scoring goes through a million people does so once."""
    monkeypatch.setattr(operations, "CHUNK", 1)
    foundation.set_setting("rfm.minimum_buyers", 5, at=START, by=foundation.SYSTEM)
    people = [brand.person(f"P{number}") for number in range(6)]
    for who in people:
        brand.order(who, 100)
    brand.drain()
    stage = rule(trait("stage", "is", "active"))
    active = segments.create_segment("active", stage, by=foundation.SYSTEM, at=brand.at).id
    before, after = START + timedelta(days=30, minutes=-1), START + timedelta(days=30, minutes=1)
    passed = ExitStack()

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if (
            sql.startswith("UPDATE") and '"progress_done" = ' in sql and clock.business_now() == before
        ):  # the first of the six is scored
            passed.enter_context(clock.frozen(after))
            assert run_flips(after) == 6
        return execute(sql, params, many, context)

    with clock.frozen(before), passed:
        foundation.enqueue("scoring.snapshot", due_at=before)
        with connection.execute_wrapper(meanwhile):
            foundation.run_due_jobs(at=before, only=["scoring.snapshot"])
        assert [job.state for job in foundation.list_jobs(name="scoring.snapshot")] == ["done"]
        run_flips(after)
    assert sorted(segments.member_ids(active)) == sorted(people)
    assert [(fact.name, fact.origin) for fact in brand.facts_named("segment.entered", "segment.left")] == [
        ("segment.entered", facts.Origin.LIVE)
    ] * 6
    assert len(brand.facts_named("stage.changed")) == 12
