"""How an outside system is connected: fields to fill in, live checks, and how it goes.

A connector registers one ``Setup`` into ``SETUPS`` from its wiring; the console renders it without
knowing the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.utils.functional import Promise

from siyu.foundation.accounts.contracts import Principal
from siyu.foundation.registry import Registry


@dataclass(frozen=True)
class SetupField:
    """One field of a connection's form. A stored secret is never shown; empty keeps it."""

    name: str
    label: str | Promise
    kind: str = "text"  # "text" | "secret" | "url" | "number"
    help: str | Promise = ""
    required: bool = True
    value: str = ""


@dataclass(frozen=True)
class SetupCheck:
    """One live check. ``ok`` None: cannot be told yet. ``message`` tells what to do."""

    key: str
    label: str | Promise
    ok: bool | None
    message: str | Promise = ""


@dataclass(frozen=True)
class SetupStatus:
    """One connection as a list shows it. ``status``: new, ok, failing or off; ``details`` label → value."""

    key: str
    title: str
    status: str
    last_error: str
    last_error_at: datetime | None
    details: tuple[tuple[str | Promise, str], ...] = ()


class Setup(Protocol):
    """The set-up of one kind of outside system."""

    @property
    def label(self) -> str | Promise:
        """Name of the outside system."""
        ...

    def statuses(self) -> Sequence[SetupStatus]:
        """All connections of this kind."""
        ...

    def fields(self, key: str = "") -> Sequence[SetupField]:
        """The form of a connection, or of a new one."""
        ...

    def save(self, values: Mapping[str, str], *, key: str = "", at: datetime, by: Principal) -> str:
        """Create or change a connection; returns its key. BadInput names wrong fields."""
        ...

    def check(self, key: str, *, at: datetime) -> Sequence[SetupCheck]:
        """Try the connection now. Speaks HTTP: call it outside a transaction."""
        ...

    def pull(self, key: str, *, at: datetime, by: Principal) -> None:
        """Ask for everything to be fetched anew, in the background."""
        ...


SETUPS: Registry[Setup] = Registry("setups")
