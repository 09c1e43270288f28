"""Callbacks verified, decrypted and stored, beside the smallest program that inserts the same bytes."""

from __future__ import annotations

import os

from benchmarks.harness import brand, load
from benchmarks.harness.bare import TABLE
from benchmarks.harness.rows import Row
from benchmarks.harness.stage import Stage
from siyu.facts import api as facts
from siyu.kit import clock

AIM = 1_500
WORKERS = 2
CONNECTIONS = 16


def run(stage: Stage) -> list[Row]:
    """Alternate bare and siyu, warm, under the same server with the same settings."""
    at = clock.business_now()
    brand.make(at)
    envelope = brand.connect(at)
    count = stage.size(15_000, 60)
    requests = []
    for number in range(count + count // 10):
        person = f"wm{stage.mark}{number % count:08d}"  # the last tenth repeats the first
        query, body = brand.pushed(
            envelope, brand.added(person, f"clerk{number % count % 50}", at), at, f"{stage.mark}{number}"
        )
        requests.append(load.request("POST", f"/wecom/callback/wecom/siyu/?{query}", body))
    before = facts.inbox_counts("wecom:").received
    with stage.connect() as connection:
        connection.execute(TABLE)
    os.environ["BENCH_DSN"] = stage.dsn
    bare_requests = [bytes(one) for one in requests]
    warm = count // 10
    with stage.web(workers=WORKERS, module="benchmarks.harness.bare:application") as bare:
        load.drive(bare.port, bare_requests[:warm], CONNECTIONS)
        bare_meter = stage.meter(bare)
        plain = load.drive(bare.port, bare_requests[warm:count], CONNECTIONS)
        bare_used = bare_meter.per(len(plain.spans))
    with stage.web(workers=WORKERS) as web:
        cold = load.drive(web.port, requests[:warm], CONNECTIONS)
        meter = stage.meter(web)
        warmed = load.drive(web.port, requests[warm:count], CONNECTIONS)
        used = meter.per(len(warmed.spans))
        load.drive(web.port, requests[count:], CONNECTIONS)
        memory = web.look()
    stored = facts.inbox_counts("wecom:").received - before
    accepted = cold.statuses[200] + warmed.statuses[200]
    return [
        Row(
            "callbacks verified and stored", warmed.rate, "/s", AIM, limit=plain.rate,
            limit_name="bare WSGI insert", p50_ms=warmed.ms(0.5), p99_ms=warmed.ms(0.99),
            exact=stored == accepted == count,
            note=f"{accepted - stored} lost of {accepted}; repeats stored once; {WORKERS} processes",
            measures={**used, "web_mb": memory, "cold_per_s": cold.rate, "limit_cpu_us": bare_used["cpu_us"], "limit_p99_ms": plain.ms(0.99)},
        ),
        Row("callbacks, ratio to bare insert", warmed.rate / plain.rate, "", 0.8),
    ]  # fmt: skip
