"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How much a finding matters."""

    GOOD = "good"
    NOTE = "note"  # worth knowing; nothing fails
    WRONG = "wrong"  # something does not work, or will not


@dataclass(frozen=True)
class Finding:
    """One thing looked at: what is the case, and how to mend it when it is wrong."""

    level: Level
    what: str
    mend: str = ""


def good(what: str) -> Finding:
    """All well."""
    return Finding(Level.GOOD, what)


def note(what: str, mend: str = "") -> Finding:
    """Worth knowing."""
    return Finding(Level.NOTE, what, mend)


def wrong(what: str, mend: str) -> Finding:
    """To be mended."""
    return Finding(Level.WRONG, what, mend)
