"""Leave a kept brand as a bench should find it: nothing waits, nobody calls a company that has gone.

What benches added stays (people, orders, facts: thousands among millions); what would go on working by
itself does not. Plain SQL over the modules' tables, which only a measurement may do.
"""

from __future__ import annotations

from django.db import connection

from benchmarks.harness import brand
from siyu.decisions.journeys import api as journeys
from siyu.foundation import api as foundation
from siyu.kit import clock

GONE = (
    # raw messages of the benches and what was asked for because of them
    "DELETE FROM facts_inbox_rawmessage WHERE state <> 'done' OR starts_with(source, 'bench')",
    "DELETE FROM connectors_wecom_detailwanted",
    "DELETE FROM connectors_wecom_accesstoken",
    "DELETE FROM connectors_wecom_app",
    "DELETE FROM connectors_wecom_connection",
    "DELETE FROM foundation_work_job WHERE state IN ('waiting', 'running')",
    "UPDATE actions_messaging_delivery SET state = 'cancelled', due_at = NULL, lease_until = NULL"
    " WHERE state IN ('queued', 'held', 'sending', 'waiting_member', 'unknown')",
    # the directory of a simulated company that was connected: its store codes are free again
    f"""UPDATE records_staff_unitversion v SET valid_to = greatest(valid_from, now()) FROM records_staff_orgunit u
       WHERE u.id = v.unit_id AND valid_to IS NULL AND starts_with(u.source, 'wecom:') AND u.source <> '{brand.SOURCE}'""",
    f"""UPDATE records_staff_employment m SET until = greatest(since, now()) FROM records_staff_employee e
       WHERE e.id = m.employee_id AND until IS NULL AND starts_with(e.source, 'wecom:') AND e.source <> '{brand.SOURCE}'""",
)
TOUCHED = ("facts_inbox_rawmessage", "actions_messaging_delivery", "foundation_work_job")
LOOPS = ("scoring.flips", "segments.flips")


def settle() -> None:
    """End what is under way, hear every fact, clean the tables that lost many rows."""
    at = clock.business_now()
    with foundation.transaction():
        for journey in journeys.journeys():
            journeys.archive(journey.id, at=at, by=foundation.SYSTEM)
        foundation.execute(
            "UPDATE decisions_journeys_journey SET key = left(key, 40) || '~' || id WHERE position('~' IN key) = 0"
        )
        for statement in GONE:
            foundation.execute(statement)
    brand.hear(at)
    while any(foundation.LOOPS.get(name).run(at) for name in LOOPS):
        brand.hear(at)
    with connection.cursor() as cursor:
        for table in TOUCHED:
            cursor.execute(f"VACUUM (ANALYZE) {table}")
        cursor.execute("CHECKPOINT")
