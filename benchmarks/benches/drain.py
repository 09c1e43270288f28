"""The whole way in: raw callbacks, page views and orders, through identity, tags, card, scores, segments, journeys."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from benchmarks.harness import brand
from benchmarks.harness.rows import Row, part
from benchmarks.harness.stage import Stage
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.records.commerce.contracts import OrderReported, ReportedLine
from siyu.records.customers.contracts import PageViewed

AIM = 2_000


def run(stage: Stage) -> list[Row]:
    """One thread, as one worker's pump; beside it the mere recording of as many facts."""
    at = clock.business_now()
    clerks = brand.make(at)
    brand.connect(at)
    with foundation.transaction():
        segments.install_defaults(at=at)
        journeys.install_defaults(at)
    people = brand.known(stage, stage.size(5_000, 50), at, clerks)
    _settle(at)
    dead = facts.count_dead()
    count = stage.size(20_000, 200)
    _callbacks(count // 10, at, stage.mark)
    views, orders = count * 6 // 10, count * 3 // 10
    _views(views, [one.subject_id for one in people], at, stage.mark)
    recorded = _orders(orders, [one.subject_id for one in people], at, stage.mark)
    before, had = facts.log_head(), _cards()
    meter = stage.meter()
    began, spans = time.perf_counter(), list[float]()
    rounds, moved = facts.Rounds(), True
    while moved:
        with part(spans):
            moved = bool(facts.drain_inbox(at=at)) | bool(rounds.go(at=at)[0]) or not brand.all_readable()
    seconds = time.perf_counter() - began
    made = brand.count("SELECT count(*) FROM facts_log WHERE id > %s", before)
    total = views + orders + made
    used = meter.per(total)
    left = {name: n for name, n in facts.lag().items() if n}
    has = _cards()
    exact = not left and has == (had[0] + count // 10, had[1] + orders) and facts.count_dead() == dead
    return [
        Row(
            "drained from inbox to journeys", total / seconds, "facts/s", AIM, limit=recorded,
            limit_name="facts.record alone", exact=exact,
            note=f"{count // 10} callbacks, {views} views, {orders} orders became {total} facts; rounds of all subscriptions", measures=used,
        ).timed(spans)
    ]  # fmt: skip


def _cards() -> tuple[int, int]:
    """How many cards there are, and how many orders stand on them."""
    [(cards, orders)] = foundation.fetch("SELECT count(*), coalesce(sum(orders), 0) FROM insights_cards_card")
    return cards, int(orders)


def _settle(at: datetime) -> None:
    while facts.drain_inbox(at=at) or facts.drain(at=at) or not brand.all_readable():
        pass


def _callbacks(count: int, at: datetime, mark: str) -> None:
    with foundation.transaction():
        for n in range(count):
            body = brand.added(f"wmdrain{mark}{n:08d}", f"clerk{n % brand.CLERKS}", at)
            facts.receive(f"wecom:{brand.CORP}", f"drain:{mark}{n}", body, received_at=at)


def _views(count: int, subjects: list[int], at: datetime, mark: str) -> None:
    for start in range(0, count, 1_000):
        with foundation.transaction():
            facts.record(
                [
                    facts.NewFact(
                        "page.viewed", PageViewed(f"https://shop.example/p/{n % 97}"), at - timedelta(seconds=n % 3600),
                        subjects[n * n % len(subjects)], "bench", f"view:{mark}{n}",
                    )
                    for n in range(start, min(start + 1_000, count))
                ],
                at=at,
            )  # fmt: skip


def _orders(count: int, subjects: list[int], at: datetime, mark: str) -> float:
    """Record reports of orders; returns how many a second, the limit of everything that makes facts."""
    began = time.perf_counter()
    for start in range(0, count, 1_000):
        with foundation.transaction():
            facts.record(
                [
                    facts.NewFact(
                        "trade.order_reported",
                        OrderReported(
                            "shop", f"B{mark}{n}", at - timedelta(hours=n % 500),
                            (ReportedLine(1, f"R-{n % 40}", "转运珠手链", 1, 12_800 + n % 7 * 1000),), "S1",
                        ),
                        at, subjects[n * 7 % len(subjects)], "bench", f"order:{mark}{n}",
                    )
                    for n in range(start, min(start + 1_000, count))
                ],
                at=at,
            )  # fmt: skip
    return count / (time.perf_counter() - began)
