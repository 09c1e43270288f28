"""Kills at seeded moments: web, workers, the database server or one of its backends."""

from __future__ import annotations

import time
from dataclasses import dataclass
from random import Random

from proof.site import Site

# How often each is chosen, and how long it stays down (seconds, at most).
VICTIMS = {"worker": 5.0, "web": 3.0, "database": 2.0, "backend": 2.0, "both workers": 1.0, "everything": 0.7}
LONGEST_DOWN = 2.5


@dataclass(frozen=True)
class Pace:
    """Wall seconds between two kills."""

    shortest: float = 3.0
    longest: float = 10.0


class Chaos:
    """Looked at often by the main thread (``tick``): processes are tied to the thread that starts them."""

    def __init__(self, site: Site, seed: int, pace: Pace) -> None:
        self._site = site
        self._random = Random(f"chaos-{seed}")
        self._pace = pace
        self._strike_at = time.monotonic() + self._pause()
        self._revive_at: float | None = None
        self.strikes = 0

    def tick(self) -> None:
        """Kill when it is time to, and start again what has been down long enough."""
        now = time.monotonic()
        if self._revive_at is not None:
            if now >= self._revive_at:
                self.revive()
                self._strike_at = time.monotonic() + self._pause()
        elif now >= self._strike_at:
            self._strike()
            self.strikes += 1
            self._revive_at = time.monotonic() + self._random.uniform(0.0, LONGEST_DOWN)

    def revive(self) -> None:
        """Bring everything back up."""
        self._revive_at = None
        self._site.revive_all()

    def _pause(self) -> float:
        return self._random.uniform(self._pace.shortest, self._pace.longest)

    def _strike(self) -> None:
        victim = self._random.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        site = self._site
        workers = [name for name in site.names() if name != "web"]
        match victim:
            case "worker":
                site.kill(self._random.choice(workers))
            case "web":
                site.kill("web")
            case "both workers":
                for name in workers:
                    site.kill(name)
            case "database" | "backend":
                site.kill_database(whole=victim == "database")
            case _:
                for name in site.names():
                    site.kill(name)
                site.kill_database(whole=True)
