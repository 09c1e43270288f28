"""The whole way in: raw callbacks, page views and orders, through identity, tags, card, scores, segments, journeys."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from benchmarks.harness import brand
from benchmarks.harness.rows import Row, percentile
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
    people = brand.known(stage.size(5_000, 50), at, clerks)
    _settle(at)
    count = stage.size(20_000, 200)
    _callbacks(count // 10, at)
    views, orders = count * 6 // 10, count * 3 // 10
    _views(views, [one.subject_id for one in people], at)
    recorded = _orders(orders, [one.subject_id for one in people], at)
    before = _facts()
    meter = stage.meter()
    began, spans = time.perf_counter(), list[float]()
    moved = True
    while moved:
        mark = time.perf_counter()
        moved = bool(facts.drain_inbox(at=at)) | bool(_round(at))
        spans.append(time.perf_counter() - mark)
    seconds = time.perf_counter() - began
    made = _facts() - before
    total = views + orders + made
    used = meter.per(total)
    left = {name: n for name, n in facts.lag().items() if n}
    [(paid,)] = foundation.fetch("SELECT coalesce(sum(orders), 0) FROM insights_cards_card")
    [(cards,)] = foundation.fetch("SELECT count(*) FROM insights_cards_card")
    exact = not left and paid == orders and cards == len(people) + count // 10 and not facts.count_dead()
    return [
        Row(
            "drained from inbox to journeys", total / seconds, "facts/s", AIM, limit=recorded,
            limit_name="facts.record alone", p50_ms=percentile(spans, 0.5) * 1000,
            p99_ms=percentile(spans, 0.99) * 1000, exact=exact,
            note=f"{count // 10} callbacks, {views} views, {orders} orders became {total} facts; rounds of all subscriptions", measures=used,
        )
    ]  # fmt: skip


def _facts() -> int:
    return int(foundation.fetch("SELECT count(*) FROM facts_log")[0][0])


def _settle(at: datetime) -> None:
    while facts.drain_inbox(at=at) or facts.drain(at=at):
        pass


def _callbacks(count: int, at: datetime) -> None:
    with foundation.transaction():
        for n in range(count):
            body = brand.added(f"wmdrain{n:08d}", f"clerk{n % brand.CLERKS}", at)
            facts.receive(f"wecom:{brand.CORP}", f"drain:{n}", body, received_at=at)


def _views(count: int, subjects: list[int], at: datetime) -> None:
    for start in range(0, count, 1_000):
        with foundation.transaction():
            facts.record(
                [
                    facts.NewFact(
                        "page.viewed", PageViewed(f"https://shop.example/p/{n % 97}"), at - timedelta(seconds=n % 3600),
                        subjects[n * n % len(subjects)], "bench", f"view:{n}",
                    )
                    for n in range(start, min(start + 1_000, count))
                ],
                at=at,
            )  # fmt: skip


def _orders(count: int, subjects: list[int], at: datetime) -> float:
    """Record reports of orders; returns how many a second, the limit of everything that makes facts."""
    began = time.perf_counter()
    for start in range(0, count, 1_000):
        with foundation.transaction():
            facts.record(
                [
                    facts.NewFact(
                        "trade.order_reported",
                        OrderReported(
                            "shop", f"B{n}", at - timedelta(hours=n % 500),
                            (ReportedLine(1, f"R-{n % 40}", "转运珠手链", 1, 12_800 + n % 7 * 1000),), "S1",
                        ),
                        at, subjects[n * 7 % len(subjects)], "bench", f"order:{n}",
                    )
                    for n in range(start, min(start + 1_000, count))
                ],
                at=at,
            )  # fmt: skip
    return count / (time.perf_counter() - began)


def _round(at: datetime) -> int:
    """One batch of each subscription, as the worker's pump goes round."""
    handled = 0
    for _name, subscription in facts.SUBSCRIPTIONS.items():
        for shard in range(subscription.shards):
            handled += facts.run_subscription(subscription, shard, at=at)[0]
    return handled
