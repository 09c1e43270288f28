"""Due rows claimed with a lease in batches of 1,000, beside the same claim on a bare table."""

from __future__ import annotations

import time
from datetime import timedelta

from benchmarks.harness.rows import Row, part
from benchmarks.harness.stage import Stage
from siyu.facts.inbox.models import RawMessage
from siyu.foundation import api as foundation
from siyu.kit import clock

AIM = 20_000
BATCH = 1_000
BARE = """
DROP TABLE IF EXISTS bench_due;
CREATE TABLE bench_due (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, state text, due_at timestamptz, lease_until timestamptz);
CREATE INDEX ON bench_due (due_at, id) WHERE state = 'waiting';
"""
CLAIM = """WITH due AS (SELECT id FROM bench_due WHERE state = 'waiting' AND due_at <= now()
  AND (lease_until IS NULL OR lease_until <= now()) ORDER BY due_at, id LIMIT 1000 FOR UPDATE SKIP LOCKED)
UPDATE bench_due t SET state = 'running', lease_until = now() + interval '1 minute' FROM due WHERE t.id = due.id RETURNING t.id"""


def run(stage: Stage) -> list[Row]:
    """As many rows due now as not due for a month: the index must pass the latter by."""
    at = clock.business_now()
    count = stage.size(100_000, 2_000)
    foundation.execute(
        """INSERT INTO facts_inbox_rawmessage (source, key, headers, received_at, correlation_id, last_error, state, due_at, attempts)
           SELECT 'bench' || %s, n::text, '{}', %s, '', '', 'waiting',
             %s::timestamptz + CASE WHEN n %% 2 = 0 THEN interval '30 days' ELSE - n * interval '1 ms' END, 0
           FROM generate_series(1, %s) n""",
        [stage.mark, at, at, count * 2],
    )
    foundation.execute("ANALYZE facts_inbox_rawmessage")
    meter = stage.meter()
    spans, claimed = list[float](), list[int]()
    began = time.perf_counter()
    while True:
        with part(spans), foundation.transaction():
            rows = foundation.claim_due(
                RawMessage, at=at, limit=BATCH, lease=timedelta(minutes=1), claimed_state="taken"
            )
        if not rows:
            spans.pop()
            break
        claimed += [row.pk for row in rows]
    rate = len(claimed) / (time.perf_counter() - began)
    used = meter.per(len(claimed))
    return [
        Row(
            "due rows claimed", rate, "/s", AIM, limit=_bare(stage, count), limit_name="the same claim on a bare table",
            exact=len(claimed) == len(set(claimed)) == count,
            note=f"batches of {BATCH:,} with lease, read as objects; as many rows again not due", measures=used,
        ).timed(spans)
    ]  # fmt: skip


def _bare(stage: Stage, count: int) -> float:
    with stage.connect() as connection:
        connection.execute(BARE)
        connection.execute(
            "INSERT INTO bench_due (state, due_at) SELECT 'waiting', now() - n * interval '1 ms' FROM generate_series(1, %s) n",
            [count],
        )
        connection.execute("ANALYZE bench_due")
        began, done = time.perf_counter(), 0
        while rows := connection.execute(CLAIM).fetchall():
            done += len(rows)
        return done / (time.perf_counter() - began)
