"""A stand-still of all workers that outlasts every lease, without waiting for it.

Nobody holds a lease while no worker lives, so that moving what is kept in wall time back by as much is the same as
waiting. What then begins anew meets the platform as it is at that moment, faults and all, instead of minutes later.
"""

from __future__ import annotations

from collections.abc import Sequence

from siyu.foundation import api as foundation

MINUTES = 15  # longer than any lease
CALLS = [("connectors_wecom_masssend", "asked_wall")]  # of wall time, and decides what an empty answer means


def let_pass() -> None:
    """Let ``MINUTES`` of wall time have passed. Only while no worker runs."""
    columns = [
        (table, name)
        for table, name in foundation.fetch(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name IN ('lease_until', 'run_after') ORDER BY 1, 2"
        )
    ]
    _age([*CALLS, *columns])


def forget_calls() -> None:
    """Let as much have passed since each call that had no answer. Only while no call is under way."""
    _age(CALLS)


def _age(columns: Sequence[tuple[str, str]]) -> None:
    with foundation.transaction():
        for table, name in columns:
            foundation.execute(
                f"UPDATE {table} SET {name} = {name} - interval '{MINUTES} minutes'"
                f" WHERE {name} > now() - interval '{MINUTES} minutes'"
            )
