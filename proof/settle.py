"""After the storm: faults off, lost callbacks healed by reconciliation, everything handled."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from proof import outage
from proof.play import quiet
from proof.waiting import NeverQuiet, asked, wait
from siyu.config import worker
from siyu.config.demo.twin_door import TwinDoor
from siyu.foundation import api as foundation
from siyu.kit import clock

PATIENCE = 150.0
ASKED_AGAIN = 3
NAP = 12.0  # wall seconds after which pauses between tries are cut short


def calm(twin: TwinDoor) -> None:
    """No more faults, nobody moves of their own accord."""
    twin.post("population", {"running": False})
    twin.post("faults", {"reset": True})


def settle(
    twin: TwinDoor, tick: Callable[[], None], *, hours: float = 5.0, patience: float = PATIENCE
) -> float:
    """Let everything come to rest, with five hours of business time for the schedules that heal.

    Members' confirmations that fall into these hours still happen. Returns the wall seconds it took.
    """
    began = time.monotonic()
    _rest(twin, tick, patience)
    end = clock.business_now() + timedelta(hours=hours)
    while (now := clock.business_now()) < end:
        target = min(end, now + timedelta(minutes=61))
        twin.post("clock", {"advance_to": target.isoformat()})
        clock.move_to(target)
        _rest(twin, tick, patience)
    for _time in range(ASKED_AGAIN):
        again = _unclear()
        if again is None:
            break
        asked(outage.forget_calls)
        target = max(again, clock.business_now())
        twin.post("clock", {"advance_to": target.isoformat()})
        clock.move_to(target)
        _rest(twin, tick, patience)
    return time.monotonic() - began


def _unclear() -> datetime | None:
    """When WeCom will be asked again about the last message whose answer never came, if there is one.

    What it does not list counts as never made only half a minute of wall time later (which is left out here: nothing
    is under way); by then a hurried play may have asked so often that the next time is tomorrow.
    """
    [(at,)] = foundation.fetch(
        "SELECT max(due_at) FROM actions_messaging_delivery WHERE state = 'unknown' AND channel = 'wecom.mass'"
    )
    found: datetime | None = at
    return found


def _end_pauses() -> None:
    """Let pauses between tries be over, as if their wall time had passed.

    After 45009 or several unclear answers the next try rests for minutes.
    """
    for (table,) in foundation.fetch(
        "SELECT table_name FROM information_schema.columns"
        " WHERE table_schema = 'public' AND column_name = 'run_after' ORDER BY 1"
    ):
        foundation.execute(
            f"UPDATE {table} SET run_after = NULL WHERE run_after > now() AND lease_until IS NULL"
        )


def hurry() -> None:
    """A moment for what is under way, and no pauses between tries."""
    asked(_end_pauses)
    time.sleep(0.2)


def _rest(twin: TwinDoor, tick: Callable[[], None], patience: float) -> None:
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if wait(lambda: quiet(twin), NAP, tick):
            return
        asked(_end_pauses)
    if not quiet(twin):
        raise NeverQuiet(f"{asked(worker.pending)} {twin.get('clock')['waiting']}")
