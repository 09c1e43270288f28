"""The steps by brand."""

from __future__ import annotations

import os

from siyu.config.demo import balance, cdnow, jewellery, play
from siyu.config.demo.people import write_sign_ins
from siyu.config.demo.twin_door import TwinDoor


def _twin() -> TwinDoor:
    return TwinDoor(os.environ["SIYU_TWIN_URL"])


def prepare(brand: str) -> None:
    """What can be made without other processes."""
    if brand == "jewellery":
        jewellery.prepare(_twin())
    else:
        cdnow.prepare()


def connect(brand: str) -> None:
    """What needs web, worker and twin; waits until the first screens have something to show."""
    if brand == "jewellery":
        jewellery.connect(_twin(), os.environ["SIYU_SELF_URL"])
    write_sign_ins(brand)


def check() -> int:
    """Play seven simulated days against the twin and balance every station; 0 when all balance."""
    twin = _twin()
    played = play.seven_days(twin)
    return balance.report(twin, played)
