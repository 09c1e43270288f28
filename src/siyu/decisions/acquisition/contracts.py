"""What crosses the door of acquisition: live codes, their figures, the port that makes them, facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts

STATE_LENGTH = 24
"""Characters of a state token (WeCom allows 30); 24 of 62 letters are about 143 bits."""

MAX_STAFF = 100
"""Members behind one code (WeCom 41041)."""


class CodeStatus(StrEnum):
    """Where a live code stands at the platform."""

    MAKING = "making"  # asked for; a job is at it
    ACTIVE = "active"  # scannable
    CHANGING = "changing"  # scannable with the former configuration; a job sends the new one
    FAILED = "failed"  # the platform refused; `error` says why
    DELETING = "deleting"
    DELETED = "deleted"  # reclaimed at the platform; figures stay


@dataclass(frozen=True, slots=True)
class CodeSpec:
    """The whole configuration of one contact way: the platform keeps nothing that is left out."""

    employee_ids: tuple[int, ...]
    state: str
    remark: str = ""
    skip_verify: bool = True
    connection: str = ""  # key of the connection; "" = the only one


@dataclass(frozen=True, slots=True)
class CodeMade:
    """What the platform answered: its id of the way and the address of the code's picture."""

    config_id: str
    qr_code: str


class CodePort(Protocol):
    """Makes scannable codes at an outside system; implemented by a connector, called outside transactions.

    All methods raise `Permanent` (refused for good, the message tells the operator what to do),
    `RetryLater` (certainly nothing happened) or `OutcomeUnknown` (may or may not have happened).
    """

    def create(self, spec: CodeSpec) -> CodeMade:
        """Make a new way with this configuration."""
        ...

    def find(self, spec: CodeSpec, *, since: datetime) -> CodeMade | None:
        """A way with this state token made since then: tells what became of an unclear `create`."""
        ...

    def update(self, config_id: str, spec: CodeSpec) -> None:
        """Replace the whole configuration."""
        ...

    def delete(self, config_id: str, spec: CodeSpec) -> None:
        """Reclaim the way; one that is gone already is fine."""
        ...


@dataclass(frozen=True, slots=True)
class LiveCodeView:
    """One live code as screens show it."""

    id: int
    name: str
    employee_ids: tuple[int, ...]
    unit_id: int | None
    tags: tuple[str, ...]
    status: CodeStatus
    qr_code: str
    error: str
    created_at: datetime
    skip_verify: bool
    state: str


@dataclass(frozen=True, slots=True)
class CodeStats:
    """Figures of one code: a friendship counts once, whatever was delivered twice or late.

    added = friendships that began through the code; newcomers = of these, people whose first
    friendship with the brand it was; lost = of these, ended since; kept = added - lost.
    """

    code_id: int | None
    label: str
    added: int
    newcomers: int
    kept: int
    lost: int


@dataclass(frozen=True, slots=True)
class ChannelAttributed:
    """A friendship was traced to a live code."""

    code_id: int
    code_name: str
    employee_id: int | None = None


FACTS = (
    facts.FactType(
        name="channel.attributed",
        version=1,
        owner="decisions_acquisition",
        payload=ChannelAttributed,
        label=_("Came through a live code"),
    ),
)
