"""Kills workers in the moment in which the platform has done something for them and they have not written it down.

A blind kill hits that moment, some tens of milliseconds, once in hundreds: here the twin says when it has answered.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from random import Random

import httpx

# Which answers are lain in wait for, and how often.
CALLS = {
    "followed/externalcontact/add_msg_template": 8.0,  # the first questions about it will meet trouble
    "externalcontact/add_msg_template": 1.0,
    "externalcontact/get_groupmsg": 2.0,
    "externalcontact/send_welcome_msg": 2.0,
    "externalcontact/cancel_groupmsg_send": 0.5,
}
LONGEST_WAIT = 6.0  # wall seconds
AFTER = 0.05  # wall seconds after the answer, at most


class Ambush:
    """Lies in wait once, in a thread of its own; ``kill`` must be safe to call from there."""

    def __init__(self, twin_url: str, random: Random, kill: Callable[[], None]) -> None:
        self._call = random.choices(list(CALLS), list(CALLS.values()))[0]
        self._pause = random.uniform(0.0, AFTER)
        self._url, self._kill = twin_url, kill
        self.sprung = False
        self._thread = threading.Thread(target=self._lie, daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether it has killed or given up."""
        return not self._thread.is_alive()

    def _lie(self) -> None:
        query: dict[str, str | float] = {"below": self._call, "seconds": LONGEST_WAIT}
        try:
            with httpx.Client(base_url=self._url, timeout=LONGEST_WAIT + 10, trust_env=False) as client:
                found = client.get("/twin/calls/next", params=query).json()["path"]
        except httpx.TransportError:
            return
        if found:
            time.sleep(self._pause)
            self._kill()
            self.sprung = True
