"""New transaction ids for a restored log, in which every cursor stands exactly where it stood.

Transaction ids of the old server mean nothing on the new one, whose own may be smaller: facts recorded after
the restore would then lie behind the cursors and never be delivered. The order by (tx, id) and what lies
before each cursor must stay. So facts are numbered in runs: a new run begins only where an id is smaller
than one before it. That takes few numbers, all below the new server's next transaction id.
"""

from __future__ import annotations

from siyu.foundation import api as foundation

_RUNS = """
CREATE TEMP TABLE restored_order ON COMMIT DROP AS
SELECT recorded_at, id, tx, 1 + sum(CASE WHEN id < before THEN 1 ELSE 0 END) OVER (ORDER BY tx, id)::bigint AS run
FROM (SELECT recorded_at, id, tx,
             max(id) OVER (ORDER BY tx, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
      FROM facts_event) e
"""
_FACTS = """
UPDATE facts_event e SET tx = o.run FROM restored_order o
WHERE e.recorded_at = o.recorded_at AND e.id = o.id AND e.tx <> o.run
"""
_CURSORS = """
UPDATE facts_events_cursor c SET (tx, fact_id) = (
    SELECT coalesce(max(last.run), 0), coalesce(max(last.id), 0) FROM (
        SELECT o.run, o.id FROM restored_order o WHERE (o.tx, o.id) <= (c.tx, c.fact_id) ORDER BY o.tx DESC, o.id DESC LIMIT 1
    ) last)
"""
# A subtransaction that writes takes a transaction id of its own.
_BURN = """
DO $$ BEGIN
    FOR number IN 1..{count} LOOP
        BEGIN PERFORM pg_current_xact_id(); CREATE TEMP TABLE burnt (); RAISE EXCEPTION 'undone';
        EXCEPTION WHEN raise_exception THEN NULL; END;
    END LOOP;
END $$
"""


def renumber() -> int:
    """Renumber in the transaction of the restore; returns how many runs there are."""
    foundation.execute("SET LOCAL siyu.restoring = 'on'")
    foundation.execute(_RUNS)
    foundation.execute("CREATE INDEX ON restored_order (tx, id)")
    [(runs,)] = foundation.fetch("SELECT coalesce(max(run), 0) FROM restored_order")
    [(oldest,)] = foundation.fetch("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
    if runs >= oldest:
        foundation.execute(_BURN.format(count=int(runs - oldest + 1)))
    foundation.execute(_CURSORS)
    foundation.execute(_FACTS)
    foundation.execute("SET LOCAL siyu.restoring = 'off'")
    return int(runs)
