"""Busy days: siyu and the twin jump at different moments, seldom waiting for each other."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from proof.chaos import Chaos
from proof.office import Office
from proof.scenes import Scenes
from proof.waiting import asked, wait
from siyu.config import worker
from siyu.config.demo.twin_door import TwinDoor
from siyu.foundation import api as foundation
from siyu.kit import clock

HERE = ZoneInfo("Asia/Shanghai")  # for the lines it prints

SMALLEST_JUMP = timedelta(minutes=1)
PATIENCE = 8.0  # wall seconds a jump waits for quiet at most while things are being killed
FAR = 0.3  # share of jumps over many moments at once, as after a stand-still of everything
HURRY = 0.25  # share of jumps that wait for nothing
AFTERMATH = 12.0  # wall seconds after the last stand-still in which what was under way is met by faults still
APART = 0.25  # share of jumps in which one side lags behind the other for a while

FAULTS = {
    "duplicate": 0.25,
    "reorder": 0.25,
    "lose": 0.04,
    "delay_ms": 30,
    "http_5xx": 0.03,
    "timeout": 0.01,
    "timeout_ms": 1500,
    "cut_after_effect": 0.05,
    "busy": 0.05,
    "freq_limit": 0.004,
    "token_invalidated": 0.01,
    "spells": 0.12,  # of simulated time one of these lasts, for minutes to hours
    "follow": 0.5,  # of mass messages meet trouble again at the first questions about them
}

# Longer than siyu waits for an answer, and unclear outcomes everywhere.
HARSH = FAULTS | {"timeout": 0.04, "timeout_ms": 11_000, "cut_after_effect": 0.2, "busy": 0.1, "lose": 0.1}


@dataclass
class Played:
    """What was played."""

    since: datetime
    until: datetime
    jumps: int = 0
    hurried: int = 0
    apart: int = 0
    ambushes: int = 0
    outages: int = 0
    seconds: float = 0.0

    def line(self) -> str:
        """One line for people."""
        days = (self.until - self.since) / timedelta(days=1)
        return (
            f"{days:.1f} simulated days in {self.jumps} jumps ({self.hurried} without waiting, {self.apart} apart),"
            f" {self.ambushes} ambushes, {self.outages} stand-stills"
        )


def play(
    twin: TwinDoor,
    chaos: Chaos,
    office: Office,
    *,
    days: float,
    seed: int,
    seconds: float,
    harsh: bool = False,
) -> Played:
    """Play ``days`` simulated days under faults and kills, at most ``seconds`` of wall time."""
    random = Random(f"play-{seed}")
    twin.post("faults", HARSH if harsh else FAULTS)
    scenes = Scenes(twin, random)
    since = clock.business_now()
    played = Played(since, since + timedelta(days=days))
    began = said = time.monotonic()
    while (now := clock.business_now()) < played.until and time.monotonic() - began < seconds:
        target = max(now + SMALLEST_JUMP, _next(twin, now, played.until))
        if random.random() < FAR:
            target += timedelta(minutes=random.uniform(10, 60))
        target = min(played.until, target)
        _jump(twin, target, random, chaos, played)
        scenes.act(office.erased_friends())
        office.act(target)
        hurried = random.random() < HURRY
        played.hurried += hurried
        wait(lambda: taken_in(twin), 0.1 if hurried else PATIENCE, chaos.tick)
        played.jumps += 1
        if time.monotonic() - said > 5:
            said = time.monotonic()
            share = (target - since) / (played.until - since)
            print(
                f"  {target.astimezone(HERE):%m-%d %H:%M}  {share:4.0%}  kills {chaos.strikes}",
                flush=True,
            )
    twin.post("faults", {"lose": 0.0})
    scenes.part()
    played.until = min(played.until, clock.business_now())
    chaos.outage()
    wait(lambda: False, AFTERMATH, lambda: None)
    played.seconds = time.monotonic() - began
    played.ambushes, played.outages = chaos.ambushes, chaos.outages
    return played


def _jump(twin: TwinDoor, target: datetime, random: Random, chaos: Chaos, played: Played) -> None:
    """Move both clocks, in either order, now and then with a while in between."""
    apart = random.random() < APART
    played.apart += apart
    moves: list[Callable[[], object]] = [
        lambda: clock.move_to(target),
        lambda: twin.post("clock", {"advance_to": target.isoformat()}),
    ]
    if random.random() < 0.5:
        moves.reverse()
    moves[0]()
    if apart:
        wait(lambda: False, random.uniform(0.05, 0.8), chaos.tick)
    moves[1]()


def _next(twin: TwinDoor, now: datetime, end: datetime) -> datetime:
    """The next moment at which the population acts or something of siyu's becomes due."""
    moments = [end]
    if action := twin.get("clock")["next_action_at"]:
        moments.append(datetime.fromisoformat(action))
    own = asked(
        lambda: [*(loop.next_due() for _name, loop in foundation.LOOPS.items()), foundation.next_job_due()]
    )
    moments += [moment for moment in own or [] if moment is not None and moment > now]
    return min(moments)


def taken_in(twin: TwinDoor) -> bool:
    """Whether what has come is understood; retries of what the faults spoil may rest for a minute."""
    left = asked(worker.pending)
    if left is None:
        return False
    mine = [
        name
        for name in left
        if name in ("inbox", "journeys.advance", "messaging.send") or name.startswith("facts:")
    ]
    return not mine and bool(twin.get("clock")["idle"])


def quiet(twin: TwinDoor) -> bool:
    """Whether both sides have nothing left to do at this moment."""
    left = asked(worker.pending)
    return left == {} and bool(twin.get("clock")["idle"])
