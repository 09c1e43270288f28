"""Plays simulated days: siyu and the twin jump together, only while both are idle."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from siyu.config import worker
from siyu.config.demo.twin_door import TwinDoor
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.kit.errors import Conflict

DAYS = 7
SMALLEST_JUMP = timedelta(minutes=1)
GRID = timedelta(minutes=15)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 90.0


@dataclass(frozen=True)
class Played:
    """What was played."""

    since: datetime
    until: datetime
    jumps: int
    seconds: float


def seven_days(twin: TwinDoor) -> Played:
    """Play to seven days from now, from one moment at which something happens to the next."""
    began = time.monotonic()
    since = clock.business_now()
    twin.post("population", {"running": True})
    jumps = until(twin, since + timedelta(days=DAYS))
    return Played(since, since + timedelta(days=DAYS), jumps, time.monotonic() - began)


def until(twin: TwinDoor, end: datetime) -> int:
    """Play to ``end`` from one moment at which something happens to the next; returns how many."""
    said, since, jumps = time.monotonic(), clock.business_now(), 0
    settle(twin)
    while (now := clock.business_now()) < end:
        target = min(end, max(now + SMALLEST_JUMP, _next(twin, now, end)))
        clock.move_to(target)
        twin.post("clock", {"advance_to": target.isoformat()})
        settle(twin)
        jumps += 1
        if time.monotonic() - said > 2:
            said = time.monotonic()
            share = (target - since) / (end - since)
            print(f"  {target.astimezone(foundation.brand_zone()):%m-%d %H:%M}  {share:4.0%}", flush=True)
    return jumps


def _next(twin: TwinDoor, now: datetime, end: datetime) -> datetime:
    """The next moment at which the population acts or something of siyu's becomes due."""
    moments = [end]
    if action := twin.get("clock")["next_action_at"]:
        moments.append(datetime.fromisoformat(action))
    own = [loop.next_due() for _name, loop in foundation.LOOPS.items()]
    own.append(foundation.next_job_due())
    moments += [_on_grid(moment) for moment in own if moment is not None and moment > now]
    return min(moments)


def _on_grid(moment: datetime) -> datetime:
    """The end of the quarter hour: what siyu itself waits for (polls, timers) may be a little late together."""
    return moment + (GRID - (moment - EPOCH) % GRID) % GRID


def settle(twin: TwinDoor) -> None:
    """Wait until twin and siyu have nothing left to do at this moment; Conflict names what hangs.

    Two looks in a row must agree: the stations are looked at one after the other, and work moves on
    between them.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    calm = 0
    while calm < 2:
        left = worker.pending()
        calm = 0 if left or not twin.get("clock")["idle"] else calm + 1
        if calm:
            continue
        if time.monotonic() > deadline:
            raise Conflict("demo.stuck", f"{left} {twin.get('clock')['waiting']}")
        time.sleep(0.02)
