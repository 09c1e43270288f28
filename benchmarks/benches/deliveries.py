"""Deliveries prepared: queued with their facts, then policy asked and formed into port calls; the port is empty."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.utils.functional import Promise

from benchmarks.harness import brand
from benchmarks.harness.copying import copy_rate
from benchmarks.harness.rows import Row, part
from benchmarks.harness.stage import Stage
from siyu.actions.messaging import api as messaging
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock

AIM = 5_000
BATCH = 1_000


@dataclass
class Nowhere:
    """A channel that takes everything at once and does nothing."""

    name: str = "bench.nowhere"
    label: str | Promise = "测量"
    unclear: messaging.Unclear = messaging.Unclear.QUERY
    max_batch: int = 10_000
    side_by_side: int = 1
    needs_member: bool = False
    needs_friend: bool = True
    window: timedelta | None = None
    context_keys: tuple[str, ...] = ()

    def send(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        """All taken."""
        return [
            messaging.Outcome(item.delivery_id, messaging.Result.SENT, ref=f"n{item.delivery_id}")
            for item in items
        ]

    query = cancel = remind = send


def run(stage: Stage) -> list[Row]:
    """Queue in batches, then send until nothing is due; noon, so that no quiet hour holds them."""
    at = datetime.combine(clock.business_now().date(), datetime.min.time(), UTC) + timedelta(hours=4)
    clerks = brand.make(at)
    messaging.CHANNELS._items["bench.nowhere"] = Nowhere()
    people = brand.friends(stage, stage.size(20_000, 200, 5_000), at - timedelta(days=3), clerks)
    count = len(people)
    if (
        stage.customers
    ):  # who had a message today or three this week is asked about all the same, and gets one
        with foundation.transaction():
            for name in ("policy.cap_per_day", "policy.cap_per_7_days"):
                foundation.set_setting(name, 100, at=at, by=foundation.SYSTEM)
    content = messaging.Content("周末新款到店,欢迎来试戴。")
    specs = [
        messaging.DeliverySpec(
            key=f"bench:{stage.mark}{n}", customer_id=one.customer_id, channel="bench.nowhere", kind="promotional", content=content,
            due_at=at, purpose_key="bench", subject_id=one.subject_id, employee_id=one.employee_id,
        )
        for n, one in enumerate(people)
    ]  # fmt: skip
    dead = facts.count_dead()
    meter = stage.meter()
    spans, began = list[float](), time.perf_counter()
    for start in range(0, count, BATCH):
        with part(spans), foundation.transaction():
            messaging.queue(specs[start : start + BATCH], at=at)
    used = meter.per(count)
    queueing = count / (time.perf_counter() - began)
    meter = stage.meter()
    report, sends, began = messaging.SendReport(), list[float](), time.perf_counter()
    while True:
        with part(sends):
            one = messaging.send_due(at=at)
        if not one.claimed:
            sends.pop()
            break
        report += one
    more = meter.per(count)
    sending = count / (time.perf_counter() - began)
    limit = copy_rate(stage, stage.size(50_000, 500))
    exact = report.sent == count and facts.count_dead() == dead
    return [
        Row(
            "deliveries prepared", queueing, "/s", AIM, limit=limit, limit_name="COPY", exact=exact,
            note=f"stored with their facts, batches of {BATCH:,}", measures=used,
        ).timed(spans),
        Row(
            "deliveries asked, claimed and settled", sending, "/s", limit=limit, limit_name="COPY", exact=exact,
            note=f"{report.sent:,} sent, {report.held} held; policy, cap, lease, outcome, facts; the platform itself takes no time", measures=more,
        ).timed(sends),
    ]  # fmt: skip
