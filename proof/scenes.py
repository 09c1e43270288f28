"""What people do at the present moment, beside what the twin's population does by itself.

The population acts on the grid of its own clock, which jumps have often passed by twenty seconds when siyu hears of
it, so its welcomes expire. These scan, leave and are removed now, between two jumps, while processes die.
"""

from __future__ import annotations

from random import Random

from siyu.config.demo.twin_door import TwinDoor
from siyu.kit.errors import Conflict

LEAVES, REMOVED = 0.12, 0.08
RETURNS = 0.3  # share of moments at which one of those who were erased scans again, each once


class Scenes:
    """Strangers at the counter."""

    def __init__(self, twin: TwinDoor, random: Random) -> None:
        self._twin, self._random = twin, random
        self._codes: list[str] = []
        self._friends: list[dict[str, str]] = []
        self._returned: set[str] = set()
        self._parted: list[str] = []

    def act(self, erased: list[tuple[str, str]]) -> None:
        """One to three people scan; now and then one goes, or is shown out. ``erased`` are members and former friends."""
        if not self._codes:
            self._codes = sorted(code["config_id"] for code in self._twin.get("codes")["codes"])
        for _person in range(self._random.randint(1, 3) if self._codes else 0):
            found = self._twin.post("scan", {"config_id": self._random.choice(self._codes)})
            self._friends.append({name: found[name] for name in ("userid", "external_userid")})
        self._come_back(erased)
        draw = self._random.random()
        if draw < LEAVES + REMOVED and len(self._friends) > 3:
            who = self._friends.pop(self._random.randrange(len(self._friends) - 2))
            try:
                self._twin.post("block" if draw < LEAVES else "delete", who)
            except Conflict:  # they have parted already
                pass

    def _come_back(self, erased: list[tuple[str, str]]) -> None:
        """Somebody whose data was erased parts from the member; later they scan again, perhaps another's code."""
        if self._parted and self._codes:
            code = self._random.choice(self._codes)
            self._try("scan", {"config_id": code, "person": self._parted.pop()})
        left = [pair for pair in erased if pair[1] not in self._returned]
        if left and self._random.random() < RETURNS:
            userid, external_userid = self._random.choice(left)
            self._returned.add(external_userid)
            self._parted.append(external_userid)
            self._try("delete", {"userid": userid, "external_userid": external_userid})

    def _try(self, way: str, body: dict[str, str]) -> None:
        try:
            self._twin.post(way, body)
        except Conflict:  # they have parted already, or are friends of this one too
            pass

    def part(self) -> None:
        """At the end one goes and one is shown out, so that every run has ends of friendships."""
        for way, who in zip(("block", "delete"), list(reversed(self._friends)), strict=False):
            try:
                self._twin.post(way, who)
            except Conflict:  # they have parted already
                pass
