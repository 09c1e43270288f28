"""People-steps of a journey: tag, points, branch, task, wait; beside the posting of bare step rows."""

from __future__ import annotations

import time
from datetime import timedelta

from benchmarks.harness import brand
from benchmarks.harness.copying import copy_rate
from benchmarks.harness.rows import Row, part
from benchmarks.harness.stage import Stage
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.customers.contracts import PageViewed

AIM = 2_000
STEPS = {
    "entry": {"fact": "page.viewed"},
    "reentry": {"days": None},
    "steps": [
        {"id": "rest", "type": "wait", "params": {"hours": 1}},
        {"id": "mark", "type": "tag", "params": {"tag": "看过"}},
        {"id": "gift", "type": "points", "params": {"amount": 5}},
        {
            "id": "bought", "type": "branch",
            "cases": [{"when": [{"kind": "happened", "fact": "order.paid"}], "next": "end"}], "otherwise": "care",
        },
        {"id": "care", "type": "task", "params": {"kind": "follow_up", "title": "问候{customer}"}},
        {"id": "end", "type": "end"},
    ],
}  # fmt: skip


def run(stage: Stage) -> list[Row]:
    """Everybody enters and waits; then all are due at once and walk to the end."""
    at = clock.business_now()
    clerks = brand.make(at)
    with foundation.transaction():
        journey = journeys.create_journey("测量", STEPS, at=at)
        journeys.publish(journey, at=at)
    people = brand.friends(stage, stage.size(10_000, 100, 5_000), at, clerks)
    count = len(people)
    brand.hear(at)
    for start in range(0, count, 1_000):
        with foundation.transaction():
            view = PageViewed("https://shop.example/new")
            some = people[start : start + 1_000]
            facts.record(
                [
                    facts.NewFact(
                        "page.viewed", view, at, one.subject_id, "bench", f"seen:{stage.mark}{one.subject_id}"
                    )
                    for one in some
                ],
                at=at,
            )
    meter, began = stage.meter(), time.perf_counter()
    heard = brand.hear(at, ["journeys.heard"])
    entering, enter = count / (time.perf_counter() - began), meter.per(count)
    meter = stage.meter()
    later, spans, total = at + timedelta(hours=2), list[float](), journeys.Advanced()
    began = time.perf_counter()
    while True:
        with part(spans), foundation.transaction():
            one = journeys.advance(at=later)
        if not one.people:
            spans.pop()
            break
        total = journeys.Advanced(
            total.people + one.people,
            total.steps + one.steps,
            total.ended + one.ended,
            total.errors + one.errors,
        )
    rate = total.steps / (time.perf_counter() - began)
    used = meter.per(total.steps)
    limit = copy_rate(stage, stage.size(50_000, 500))
    exact = total.people == total.ended == count and not total.errors
    return [
        Row(
            "journey steps taken", rate, "people-steps/s", AIM, limit=limit, limit_name="COPY", exact=exact,
            note=f"{count:,} people, {total.steps / max(1, count):.1f} steps each, a tag, a transfer and a task among them; rounds of 1,000", measures=used,
        ).timed(spans),
        Row("journeys entered", entering, "people/s", limit=limit, limit_name="COPY", exact=exact, measures=enter).timed(heard),
    ]  # fmt: skip
