"""What the supervisor is told about a process, and what it reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ProcessSpec:
    """One process: its name in the log, its command, what is added to its environment.

    ``ready_url`` answers 200 once it serves; without one a process counts as ready when it has started.
    """

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    ready_url: str | None = None


class Stopping(Exception):
    """Ctrl-C or SIGTERM arrived while something was being waited for."""


class ChildFailed(Exception):
    """A process ended again and again before it was ever ready."""

    def __init__(self, name: str, code: int) -> None:
        super().__init__(f"{name} ended with code {code}")
        self.name = name
        self.code = code
