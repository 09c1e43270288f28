"""The limit of everything that writes many rows: COPY of rows of the log's shape, committed."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from benchmarks.harness.stage import Stage

TABLE = """CREATE TABLE bench_copy (id bigint PRIMARY KEY, name text, payload jsonb, occurred_at timestamptz,
    recorded_at timestamptz, subject_id bigint, origin text, source text, external_id text, correlation_id text)"""


def copy_rate(stage: Stage, count: int) -> float:
    """Rows in a second, one connection, one index, batches of 10,000 each committed."""
    now = datetime.now(UTC)
    payload = '{"url": "https://shop.example/p/12", "title": "新款"}'
    with stage.connect() as connection:
        connection.execute(f"DROP TABLE IF EXISTS bench_copy; {TABLE}")
        began = time.perf_counter()
        for start in range(0, count, 10_000):
            with connection.cursor() as cursor, cursor.copy("COPY bench_copy FROM STDIN") as copy:
                for number in range(start, min(start + 10_000, count)):
                    copy.write_row(
                        (
                            number,
                            "page.viewed",
                            payload,
                            now,
                            now,
                            number % 20_000,
                            "live",
                            "bench",
                            f"k{number}",
                            "c",
                        )
                    )
        return count / (time.perf_counter() - began)
