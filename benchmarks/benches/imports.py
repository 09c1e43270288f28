"""An order file through the ordinary import, then its facts through all that hears them.

A small database gets the CDNOW history, a generated brand a shop's file: every second order is of somebody it knows.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import pairwise
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
    """69,659 rows of CDNOW (a head of them when quick), or 20,000 of the shop, each counted."""
    at = clock.business_now()
    brand.make(at)
    with foundation.transaction():
        if not stage.customers:
            foundation.set_setting("brand.currency", "USD", at=at, by=foundation.SYSTEM)
        segments.install_defaults(at=at)
    path, preset = _file(stage, at)
    brand.hear(at)
    had, dead = _orders(), facts.count_dead()
    meter = stage.meter()
    began, marks = time.perf_counter(), [time.perf_counter()]
    done = imports.import_file_cli(
        path,
        preset,
        at=at,
        data_set=f"bench{stage.mark}",
        progress=lambda _run: marks.append(time.perf_counter()),
    )
    seconds = time.perf_counter() - began
    used, meter = meter.per(done.rows_read), stage.meter()
    began = time.perf_counter()
    rounds = brand.hear(at)
    after = time.perf_counter() - began
    more = meter.per(done.rows_read)
    rows = done.rows_read
    orders, cards, counted = (now - before for now, before in zip(_orders(), had, strict=True))
    limit = copy_rate(stage, stage.size(70_000, 500))
    exact = orders == counted > 0 and facts.count_dead() == dead
    return [
        Row(
            "orders imported", rows / seconds, "rows/s", AIM, limit=limit, limit_name="COPY", exact=exact,
            note=f"{rows:,} rows became {orders:,} orders in {seconds:.0f} s; chunks of the file", measures=used,
        ).timed([later - earlier for earlier, later in pairwise(marks)]),
        Row(
            "imported orders into cards and segments", orders / after, "orders/s", limit=limit, limit_name="COPY", exact=exact,
            note=f"{cards:,} new cards in {after:.0f} s, while pages already answer; rounds of all subscriptions", measures=more,
        ).timed(rounds),
    ]  # fmt: skip


def _orders() -> tuple[int, int, int]:
    """Orders, cards, and orders that stand on cards."""
    return (
        brand.count("SELECT count(*) FROM records_commerce_order"),
        brand.count("SELECT count(*) FROM insights_cards_card"),
        brand.count("SELECT coalesce(sum(orders), 0) FROM insights_cards_card"),
    )


def _file(stage: Stage, at: datetime) -> tuple[Path, str]:
    """The file to import, and as what."""
    if stage.customers:
        return _shop(stage, at), "generic"
    path = imports.cdnow_path()
    if stage.quick:
        head = stage.data / "CDNOW_head.txt"
        head.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:400]))
        path = head
    return path, "cdnow"


def _shop(stage: Stage, at: datetime) -> Path:
    """A shop's file: orders of the last weeks, half of them by known people, in the brand's own stores."""
    count = stage.size(20_000, 400)
    known, path = brand.spread(stage, count // 2), stage.data / "shop.csv"
    zone = foundation.brand_zone()
    lines = ["订单号,付款时间,实付金额,手机号,门店编码,商品编码,商品名称,数量"]
    for n in range(count):
        number = known[n // 2 % len(known)] if n % 2 else stage.stranger + n // 6
        paid = (at - timedelta(minutes=2 * n + 10)).astimezone(zone)
        lines.append(
            f"{stage.mark}{n},{paid:%Y-%m-%d %H:%M:%S},{99 + n % 700},{brand.phone(number)},S{n % 3:03d},GEN-{1 + n % 200},足金手链,1"
        )
    path.write_text("\n".join(lines) + "\n")
    return path
