"""The CDNOW history through the ordinary import, then its facts through all that hears them."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.harness import brand
from benchmarks.harness.copying import copy_rate
from benchmarks.harness.rows import Row
from benchmarks.harness.stage import Stage
from siyu.connectors.commerce import api as imports
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from siyu.kit import clock

AIM = 5_000


def run(stage: Stage) -> list[Row]:
    """69,659 rows (a head of them when quick), each counted."""
    at = clock.business_now()
    brand.make(at)
    with foundation.transaction():
        foundation.set_setting("brand.currency", "USD", at=at, by=foundation.SYSTEM)
        segments.install_defaults(at=at)
    path = _file(stage)
    meter = stage.meter()
    began = time.perf_counter()
    done = imports.import_file_cli(path, "cdnow", at=at, data_set="bench")
    seconds = time.perf_counter() - began
    used, meter = meter.per(done.rows_read), stage.meter()
    began = time.perf_counter()
    while facts.drain(at=at):
        pass
    after = time.perf_counter() - began
    more = meter.per(done.rows_read)
    rows = done.rows_read
    [(orders,)] = foundation.fetch("SELECT count(*) FROM records_commerce_order")
    [(cards, counted)] = foundation.fetch(
        "SELECT count(*), coalesce(sum(orders), 0) FROM insights_cards_card"
    )
    limit = copy_rate(stage, stage.size(70_000, 500))
    exact = orders == counted and not facts.count_dead()
    return [
        Row(
            "orders imported", rows / seconds, "rows/s", AIM, limit=limit, limit_name="COPY", exact=exact,
            note=f"{rows:,} rows became {orders:,} orders in {seconds:.0f} s", measures=used,
        ),
        Row(
            "imported orders into cards and segments", orders / after, "orders/s", limit=limit, limit_name="COPY", exact=exact,
            note=f"{cards:,} cards in {after:.0f} s, while pages already answer", measures=more,
        ),
    ]  # fmt: skip


def _file(stage: Stage) -> Path:
    path = imports.cdnow_path()
    if not stage.quick:
        return path
    head = stage.data / "CDNOW_head.txt"
    head.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:400]))
    return head
