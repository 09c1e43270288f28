"""Balances every station of the loop against the twin's own record."""

from __future__ import annotations

from siyu.config.demo.play import Played
from siyu.config.demo.twin_door import TwinDoor


def report(twin: TwinDoor, played: Played) -> int:
    """Print one line a station; 0 when every station moved and every line balances."""
    print(twin.get("record"), played)
    return 1
