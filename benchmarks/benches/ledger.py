"""Transfers posted in batches and one by one, beside pgbench posting bare rows of the same shape."""

from __future__ import annotations

import itertools
import re
import subprocess
import threading
import time
from datetime import datetime

from django.db import connection as django_connection

from benchmarks.harness import brand
from benchmarks.harness.rows import Row, part
from benchmarks.harness.stage import Stage
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.foundation.postgres.places import places, programs
from siyu.kit import clock
from siyu.records.ledger import api as ledger

AIM = 4_000
BATCH = 500
THREADS = 4
ISSUED = ledger.system_account("issued")
BARE = """
DROP TABLE IF EXISTS bench_transfer, bench_entry, bench_balance;
CREATE TABLE bench_transfer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text UNIQUE, kind text, at timestamptz);
CREATE TABLE bench_entry (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, transfer_id bigint, account_id bigint, amount bigint);
CREATE INDEX ON bench_entry (account_id, id);
CREATE TABLE bench_balance (account_id bigint PRIMARY KEY, posted bigint);
INSERT INTO bench_balance SELECT n, 0 FROM generate_series(1, 10000) n;
"""
ONE = """\\set who random(1, 10000)
WITH t AS (INSERT INTO bench_transfer (key, kind, at) VALUES (gen_random_uuid()::text, 'bench', now()) RETURNING id),
e AS (INSERT INTO bench_entry (transfer_id, account_id, amount) SELECT id, l.a, l.m FROM t, (VALUES (0, -1), (:who, 1)) l(a, m))
UPDATE bench_balance SET posted = posted + 1 WHERE account_id = :who;
"""


def run(stage: Stage) -> list[Row]:
    """Batches of 500 in one thread, then single transfers in several."""
    at = clock.business_now()
    with foundation.transaction():
        facts.ensure_partitions(at=at)
        facts.install_cursors()
    people = _people(stage, stage.size(10_000, 100), at)
    before = _transfers()
    meter = stage.meter()
    spans, count = list[float](), stage.size(40_000, 1_000)
    began = time.perf_counter()
    for start in range(0, count, BATCH):
        with part(spans), foundation.transaction():
            ledger.post(
                [
                    _earn(f"{stage.mark}b{n}", people[n % len(people)], at)
                    for n in range(start, start + BATCH)
                ],
                at=at,
            )
    batched = count / (time.perf_counter() - began)
    used = meter.per(count)
    meter = stage.meter()
    single, singles = _singles(people, at, stage.size(6_000, 80, 3_000), stage.mark)
    more = meter.per(len(singles))
    limit = _pgbench(stage, clients=THREADS)
    wrong = len(ledger.check_balances())
    exact = wrong == 0 and _transfers() - before == count + len(singles)
    return [
        Row(
            "ledger transfers in batches", batched, "/s", AIM, limit=limit,
            limit_name=f"pgbench, one statement each, {THREADS} clients", exact=exact,
            note=f"batches of {BATCH}, each with its facts, one thread; books balance", measures=used,
        ).timed(spans),
        Row(
            "ledger transfers one by one", single, "/s", limit=limit,
            limit_name=f"pgbench, one statement each, {THREADS} clients",
            exact=exact, note=f"{THREADS} threads of one process, each transfer committed", measures=more,
        ).timed(singles),
    ]  # fmt: skip


def _transfers() -> int:
    return brand.count("SELECT count(*) FROM records_ledger_transfer")


def _people(stage: Stage, count: int, at: datetime) -> list[int]:
    found = brand.known(stage, count, at)
    return [one.customer_id for one in found if one.customer_id is not None]


def _earn(key: str, customer_id: int, at: datetime) -> ledger.TransferSpec:
    legs = ((ISSUED, -10), (ledger.customer_account(customer_id), 10))
    return ledger.TransferSpec(f"bench:{key}", "bench", legs, at)


def _singles(people: list[int], at: datetime, count: int, mark: str) -> tuple[float, list[float]]:
    places_, spans = itertools.count(), list[float]()

    def work() -> None:
        while (n := next(places_)) < count:
            with part(spans), foundation.transaction():
                ledger.post([_earn(f"{mark}s{n}", people[n % len(people)], at)], at=at)
        django_connection.close()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return count / (time.perf_counter() - began), spans


def _pgbench(stage: Stage, clients: int) -> float:
    """Postings in a second that PostgreSQL itself reaches with bare tables; 0 when pgbench cannot run."""
    with stage.connect() as connection:
        connection.execute(BARE)
    script = stage.data / "one.sql"
    script.write_text(ONE)
    where = places(stage.data)
    fields = dict(part.split("=", 1) for part in stage.dsn.split())
    done = subprocess.run(
        [
            str(programs(where.run_as) / "pgbench"), "-n", "-c", str(clients), "-j", "1", "-M", "prepared",
            "-T", str(stage.size(8, 1, 4)), "-f", str(script), "-h", fields["host"], "-p", fields["port"],
            "-U", fields["user"], fields["dbname"],
        ],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    if not found:
        print(f"pgbench: {done.stderr[-300:]}", flush=True)
    return float(found.group(1)) if found else 0.0
