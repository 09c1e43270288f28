"""New transaction ids for a restored log, in which every cursor stands exactly where it stood.

Transaction ids of the old server mean nothing on the new one, whose own may be smaller: facts recorded after
the restore would then lie behind the cursors and never be delivered. The order by (tx, id) and what lies
before each cursor must stay. So facts are numbered in runs: a new run begins only where an id is smaller
than the one before it. The last run is 0 and the earlier ones lie below, however many there are: no server
hands out such ids, so whatever is recorded next, by the restore itself to begin with, lies after them.
"""

from __future__ import annotations

from siyu.facts import api as facts
from siyu.foundation import api as foundation

_RUNS = """
CREATE TEMP TABLE restored_order ON COMMIT DROP AS
SELECT recorded_at, id, tx, (sum(falls) OVER (ORDER BY tx, id) - sum(falls) OVER ())::bigint AS run
FROM (SELECT recorded_at, id, tx, CASE WHEN id < lag(id) OVER (ORDER BY tx, id) THEN 1 ELSE 0 END AS falls
      FROM facts_event) e
"""
_FACTS = """
UPDATE facts_event e SET tx = o.run FROM restored_order o
WHERE e.recorded_at = o.recorded_at AND e.id = o.id AND e.tx <> o.run
"""
_CURSORS = """
UPDATE facts_events_cursor c SET (tx, fact_id) = (
    SELECT coalesce(max(last.run), %s), coalesce(max(last.id), 0) FROM (
        SELECT o.run, o.id FROM restored_order o WHERE (o.tx, o.id) <= (c.tx, c.fact_id) ORDER BY o.tx DESC, o.id DESC LIMIT 1
    ) last)
"""


def renumber() -> int:
    """Renumber in the transaction of the restore; returns how many runs there are."""
    foundation.execute("SET LOCAL siyu.restoring = 'on'")
    foundation.execute(_RUNS)
    foundation.execute("CREATE INDEX ON restored_order (tx, id)")
    foundation.execute(_CURSORS, [facts.BEFORE_ALL])
    foundation.execute(_FACTS)
    foundation.execute("SET LOCAL siyu.restoring = 'off'")
    return int(foundation.fetch("SELECT count(DISTINCT run) FROM restored_order")[0][0])
