"""Events over HTTP in batches of 1,000, a tenth of them repeated, beside COPY of the same rows."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from benchmarks.harness import brand, load
from benchmarks.harness.copying import copy_rate
from benchmarks.harness.rows import Row
from benchmarks.harness.stage import Stage
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock

AIM = 20_000
BATCH = 1_000
CONNECTIONS = 4
WORKERS = 2


def run(stage: Stage) -> list[Row]:
    """People known before, then strangers (each a new customer)."""
    at = clock.business_now()
    brand.make(at)
    people = stage.size(20_000, 200)
    brand.known(stage, people, at)
    numbers = brand.spread(stage, people)
    with foundation.transaction():
        _view, key = foundation.create_api_key(
            name=f"bench{stage.mark}",
            role=foundation.Role.OPERATOR,
            scopes=[foundation.SCOPE_ALL],
            at=at,
            by=foundation.SYSTEM,
        )
    count = stage.size(200_000, 2_000, 50_000)
    batches, unique = _batches(count, numbers, at, f"{stage.mark}k")
    strangers, new = _batches(
        stage.size(40_000, 1_000, 10_000),
        range(stage.stranger, stage.stranger + 40_000),
        at,
        f"{stage.mark}s",
    )
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    bodies, other = (
        [load.request("POST", "/api/v1/events", one, headers) for one in group]
        for group in (batches, strangers)
    )
    head = facts.log_head()
    with stage.web(workers=WORKERS) as web:
        warm = max(1, len(bodies) // 10)
        cold = load.drive(web.port, bodies[:warm], CONNECTIONS, keep=True)
        meter = stage.meter(web)
        known = load.drive(web.port, bodies[warm:], CONNECTIONS, keep=True)
        used = meter.per(len(known.spans) * BATCH)
        fresh = load.drive(web.port, other, CONNECTIONS, keep=True)
        memory = web.look()
    counted = Counter[str]()
    for body in cold.bodies + known.bodies:
        answer = json.loads(body)
        counted.update({name: answer[name] for name in ("accepted", "duplicate", "rejected")})
    made = sum(json.loads(body)["accepted"] for body in fresh.bodies)
    stored = brand.count("SELECT count(*) FROM facts_log WHERE name = 'page.viewed' AND id > %s", head)
    limit = copy_rate(stage, stage.size(200_000, 1_000, 100_000))
    exact = (
        counted == Counter(accepted=unique, duplicate=len(batches) * BATCH - unique)
        and stored == unique + made
    )
    sent = len(known.spans) * BATCH
    return [
        Row(
            "events over HTTP, known people", sent / known.seconds, "/s", AIM, limit=limit, limit_name="COPY",
            p50_ms=known.ms(0.5), p99_ms=known.ms(0.99), exact=exact,
            note=f"spans are of batches of {BATCH:,}; {counted['duplicate']:,} duplicates refused",
            measures={**used, "web_mb": memory, "cold_per_s": len(cold.spans) * BATCH / cold.seconds},
        ),
        Row(
            "events over HTTP, all strangers", len(fresh.spans) * BATCH / fresh.seconds, "/s", limit=limit,
            limit_name="COPY", p50_ms=fresh.ms(0.5), p99_ms=fresh.ms(0.99), exact=made == new,
            note="each event makes a subject, an identity and a customer",
        ),
    ]  # fmt: skip


def _batches(count: int, people: Sequence[int], at: datetime, mark: str) -> tuple[list[bytes], int]:
    """Bodies, and how many different events are in them; every tenth event repeats one before it."""
    bodies, unique = [], set[int]()
    for start in range(0, count, BATCH):
        events = []
        for number in range(start, start + BATCH):
            own = number - 501 if number % 10 == 9 and number > 501 else number
            unique.add(own)
            events.append(
                {
                    "id": f"{mark}{own}", "name": "page.viewed",
                    "occurred_at": (at - timedelta(seconds=own % 86_400)).isoformat(),
                    "identity": {"kind": "phone", "value": brand.phone(people[own % len(people)])},
                    "payload": {"url": f"https://shop.example/p/{own % 977}", "title": "新款"},
                }
            )  # fmt: skip
        bodies.append(json.dumps({"events": events}).encode())
    return bodies, len(unique)
