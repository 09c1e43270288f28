"""What crosses the door of the PostgreSQL starter: where a server is, how it does, what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .texts import localized

USER = "siyu"
PORT = 5432
MAJOR = 18


class Profile(StrEnum):
    """With which settings the server runs."""

    SHIPPED = "shipped"  # safe: every commit is on disk before it is answered
    TESTS = "tests"  # fast: a power cut may lose everything


class State(StrEnum):
    """How a server does."""

    ABSENT = "absent"  # never set up
    STOPPED = "stopped"
    STARTING = "starting"
    RUNNING = "running"
    OTHER_VERSION = "other_version"
    DAMAGED = "damaged"


@dataclass(frozen=True)
class ServerInfo:
    """How to reach a running server; ``host`` is a folder, since it listens on a socket only."""

    host: str
    port: int
    user: str
    pid: int
    started_now: bool

    def dsn(self, database: str = "postgres") -> str:
        """A libpq connection string."""
        host = self.host.replace("\\", "\\\\").replace("'", "\\'")
        return f"host='{host}' port={self.port} user={self.user} dbname={database}"


@dataclass(frozen=True)
class Status:
    """What can be said of a server without starting it."""

    state: State
    place: str
    pid: int | None
    version: str | None
    size_bytes: int
    free_bytes: int
    log: str


class PostgresTrouble(Exception):
    """The embedded PostgreSQL cannot be used; ``code`` is stable, the text says what to do."""

    def __init__(self, code: str, english: str, chinese: str) -> None:
        super().__init__(english)
        self.code = code
        self.english = english
        self.chinese = chinese

    def __str__(self) -> str:
        """The text in the reader's language."""
        return localized(self.english, self.chinese)
