"""From a fact's commit to the committed journey entry it causes, at 200 facts a second, with a real worker."""

from __future__ import annotations

import threading
import time
from datetime import datetime

from django.db import connection

from benchmarks.harness import brand
from benchmarks.harness.rows import Row, percentile
from benchmarks.harness.stage import Stage
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.records.customers.contracts import PageViewed

AIM_MS = 1_000
RATE = 200
STEPS = {
    "entry": {"fact": "page.viewed"},
    "reentry": {"days": None},
    "steps": [
        {"id": "mark", "type": "tag", "params": {"tag": "看过"}},
        {"id": "rest", "type": "wait", "params": {"days": 1}},
        {"id": "end", "type": "end"},
    ],
}


def run(stage: Stage) -> list[Row]:
    """Each fact is of another person; a poller sees entries as a page would."""
    at = clock.business_now()
    clerks = brand.make(at)
    with foundation.transaction():
        segments.install_defaults(at=at)
        journey = journeys.create_journey("测量", STEPS, at=at)
        journeys.publish(journey, at=at)
    seconds = stage.size(30, 2, 20)
    people = brand.known(stage, seconds * RATE, at, clerks)
    brand.hear(at)
    with stage.worker() as worker:
        time.sleep(stage.size(6, 4))
        meter = stage.meter(worker)
        sent, seen = _measure([one.subject_id for one in people], stage)
        measures = {**meter.per(len(people)), "worker_mb": worker.look()}
    spans = [seen[who] - moment for who, moment in sent.items() if who in seen]
    p99 = percentile(spans, 0.99) * 1000
    pace = len(sent) / (max(sent.values()) - min(sent.values()))
    return [
        Row(
            "fact to journey entry, p99", p99, "ms", AIM_MS, lower=True,
            exact=len(spans) == len(people), note=f"{len(spans)} of {len(people)} entered; {pace:.0f} facts/s came",
            measures=measures,
        ).timed(spans)
    ]  # fmt: skip


def _measure(subjects: list[int], stage: Stage) -> tuple[dict[int, float], dict[int, float]]:
    sent, seen, over = dict[int, float](), dict[int, float](), threading.Event()

    newest = brand.count("SELECT coalesce(max(id), 0) FROM decisions_journeys_enrolment")

    def poll() -> None:
        with stage.connect() as line:
            after = newest
            while not over.is_set():
                rows = line.execute(
                    "SELECT id, subject_id FROM decisions_journeys_enrolment WHERE id > %s ORDER BY id",
                    [after],
                ).fetchall()
                now = time.perf_counter()
                for number, subject in rows:
                    seen[subject], after = now, number
                time.sleep(0.01)

    poller = threading.Thread(target=poll)
    poller.start()
    began = time.perf_counter()
    for n, subject in enumerate(subjects):
        time.sleep(max(0.0, began + n / RATE - time.perf_counter()))
        at: datetime = clock.business_now()
        with foundation.transaction():
            view = PageViewed("https://shop.example/new")
            facts.record(
                [facts.NewFact("page.viewed", view, at, subject, "bench", f"latency:{stage.mark}{n}")], at=at
            )
        sent[subject] = time.perf_counter()
    end = time.monotonic() + 60
    while len(seen) < len(subjects) and time.monotonic() < end:
        time.sleep(0.05)
    over.set()
    poller.join()
    connection.close()
    return sent, seen
