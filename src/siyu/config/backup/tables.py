"""Which tables there are, what of them is copied, and checksums that do not depend on the order of rows."""

from __future__ import annotations

from graphlib import TopologicalSorter

from siyu.foundation import api as foundation

NOT_COPIED = frozenset({"django_migrations", "django_session", "foundation_work_workerbeat"})
"""Compared instead; sessions end with the installation; workers of another machine."""

LOG = "facts_event"
RENUMBERED = "tx"
"""Transaction ids belong to a server: restoring gives new ones (decision 0002)."""

_TABLES = """
SELECT c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
_COLUMNS = """
SELECT column_name::text FROM information_schema.columns
WHERE table_schema = 'public' AND table_name = %s AND is_generated = 'NEVER' ORDER BY column_name
"""


_POINTS_TO = """
SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND conrelid <> confrelid
"""


def names() -> list[str]:
    """Tables that are copied, each after those it points to; a partitioned one stands for its partitions."""
    wanted = [row[0] for row in foundation.fetch(_TABLES) if row[0] not in NOT_COPIED]
    points: dict[str, set[str]] = {table: set() for table in wanted}
    for table, other in foundation.fetch(_POINTS_TO):
        if table in points and other in points:
            points[table].add(other)
    return list(TopologicalSorter(points).static_order())


def columns(table: str) -> list[str]:
    """Columns of a table by name."""
    return [row[0] for row in foundation.fetch(_COLUMNS, [table])]


def quoted(columns_of: list[str]) -> str:
    """A list of columns for SQL."""
    return ", ".join(f'"{name}"' for name in columns_of)


def checksum(table: str) -> list[str]:
    """Number of rows, and the sum of a hash of each; equal for equal content in any order."""
    left_out = (
        {RENUMBERED} if table == LOG else {RENUMBERED, "fact_id", "updated_at"} if table == CURSORS else set()
    )
    wanted = quoted([name for name in columns(table) if name not in left_out])
    rows = foundation.fetch(
        f"SELECT count(*)::text, coalesce(sum(('x' || substr(md5(ROW({wanted})::text), 1, 15))::bit(60)::bigint), 0)::text"
        f' FROM "{table}"'
    )
    return [rows[0][0], rows[0][1]]


CURSORS = "facts_events_cursor"


def migrations() -> list[str]:
    """Migrations that have been applied."""
    rows = foundation.fetch("SELECT app || '.' || name FROM django_migrations ORDER BY 1")
    return [row[0] for row in rows]


def sequences() -> dict[str, int]:
    """Last value handed out of every sequence that was used."""
    rows = foundation.fetch(
        "SELECT sequencename::text, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL"
    )
    return dict(rows)
