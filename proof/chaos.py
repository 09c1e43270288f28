"""Kills at seeded moments: web, workers, the database server or one of its backends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random

from proof import outage
from proof.ambush import Ambush
from proof.site import Site
from proof.waiting import asked

# How often each is chosen, and how long it stays down (seconds, at most).
VICTIMS = {
    "worker": 4.0, "web": 3.0, "database": 2.0, "backend": 2.0, "both workers": 1.0, "everything": 0.7, "ambush": 12.0,
}  # fmt: skip
LONGEST_DOWN = 2.5
LONG = 0.7  # share of the times when no worker lives that last until every lease is over


@dataclass(frozen=True)
class Pace:
    """Wall seconds between two kills."""

    shortest: float = 3.0
    longest: float = 9.0


class Chaos:
    """Looked at often by the main thread (``tick``): processes are tied to the thread that starts them."""

    def __init__(self, site: Site, seed: int, pace: Pace) -> None:
        self._site = site
        self._random = Random(f"chaos-{seed}")
        self._pace = pace
        self._strike_at = time.monotonic() + self._pause()
        self._revive_at: float | None = None
        self._ambush: Ambush | None = None
        self._no_worker = False
        self.strikes = 0
        self.ambushes = 0
        self.outages = 0

    def tick(self) -> None:
        """Kill when it is time to, and start again what has been down long enough."""
        now = time.monotonic()
        if self._revive_at is not None:
            if now >= self._revive_at:
                self.revive()
                self._strike_at = time.monotonic() + self._pause()
        elif self._ambush is not None:
            if self._ambush.over:
                self._after_ambush(self._ambush.sprung)
        elif now >= self._strike_at:
            self._strike()

    def outage(self) -> None:
        """Kill all workers now, until every lease is over; then bring everything back up."""
        self.give_up()
        self._kill_workers()
        self._end_leases()
        self.revive()

    def give_up(self) -> None:
        """No longer lie in wait; what was killed meanwhile is down."""
        while self._ambush is not None and not self._ambush.over:
            time.sleep(0.05)
        self._ambush = None

    def revive(self) -> None:
        """Bring everything back up."""
        self._revive_at = None
        if self._no_worker and self._random.random() < LONG:
            self._end_leases()
        self._no_worker = False
        self._site.revive_all()

    def _end_leases(self) -> None:
        self._site.revive_database()
        asked(outage.let_pass)
        self._no_worker = False
        self.outages += 1

    def _after_ambush(self, sprung: bool) -> None:
        self._ambush = None
        if sprung:
            for name in self._site.workers_named():
                self._site.kill(name)  # notes that it has ended
            self.ambushes += 1
            self._down(no_worker=True)
        else:
            self._strike_at = time.monotonic()

    def _down(self, *, no_worker: bool) -> None:
        self.strikes += 1
        self._no_worker = no_worker
        self._revive_at = time.monotonic() + self._random.uniform(0.0, LONGEST_DOWN)

    def _pause(self) -> float:
        return self._random.uniform(self._pace.shortest, self._pace.longest)

    def _kill_workers(self) -> None:
        for name in self._site.workers_named():
            self._site.kill(name)

    def _strike(self) -> None:
        victim = self._random.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        site = self._site
        match victim:
            case "ambush":
                self._ambush = Ambush(site.twin_url, self._random, site.kill_workers_now)
                return
            case "worker":
                site.kill(self._random.choice(site.workers_named()))
            case "web":
                site.kill("web")
            case "both workers":
                self._kill_workers()
            case "database" | "backend":
                site.kill_database(whole=victim == "database")
            case _:
                for name in site.names():
                    site.kill(name)
                site.kill_database(whole=True)
        self._down(no_worker=victim in ("both workers", "everything"))
