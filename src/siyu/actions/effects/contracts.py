"""What crosses the door of effects: the typed registry of what a step can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from django.utils.functional import Promise

from siyu.facts.api import Fact

Text = str | Promise


class FieldKind(StrEnum):
    """How the console asks for a value."""

    LINE = "line"
    TEXT = "text"  # several lines; may hold placeholders
    NUMBER = "number"
    CHOICE = "choice"
    TAG = "tag"
    DAYS = "days"
    FLAG = "flag"


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter of an effect, as the console's form shows it."""

    name: str
    label: Text
    kind: FieldKind
    required: bool = True
    default: Any = None
    help: Text = ""
    choices: Callable[[], Sequence[tuple[str, Text]]] | None = None
    minimum: int | None = None
    maximum: int | None = None
    max_length: int | None = None


class EffectStatus(StrEnum):
    """What became of one item."""

    DONE = "done"  # applied now, or had been applied before under the same key
    SKIPPED = "skipped"  # could not apply to this person; reason says why


@dataclass(frozen=True, slots=True)
class EffectItem:
    """One person one step acts on."""

    key: str  # exactly-once key: "journey:7:welcome:1"
    customer_id: int
    subject_id: int | None
    employee_id: int | None  # who serves this customer, as known at ``at``
    params: Mapping[str, Any]  # validated parameters of the step
    context: Mapping[str, Any] = field(default_factory=dict)  # payload of the fact it began with
    purpose_key: str = ""  # "journey:12:welcome": what counts and lists group by
    holdout_key: str = ""
    began_at: datetime | None = None  # occurred_at of the fact it began with
    owner_kind: str = ""  # whose budget pays: "journey"
    owner_id: int = 0
    cause: Fact | None = None


@dataclass(frozen=True, slots=True)
class EffectResult:
    """Answer for one item, in the order asked."""

    key: str
    status: EffectStatus
    ref: str = ""  # what it made: "delivery:5", "task:9", "transfer:…"
    reason: str = ""


class Effect(Protocol):
    """Something a step, task or reward can do to a batch of customers."""

    name: str
    label: Text
    fields: Sequence[Field]

    def validate(self, params: Mapping[str, Any]) -> Mapping[str, Text]:
        """Field name → what is wrong with it; empty = fine.  Does not touch the database."""
        ...

    def promotional(self, params: Mapping[str, Any]) -> bool:
        """Whether hold-out applies by default (PLAN, architecture §2 rule 15)."""
        ...

    def apply(self, items: Sequence[EffectItem], *, at: datetime) -> Sequence[EffectResult]:
        """Do it for all items, set-based, once per key, inside the caller's transaction.

        Items of one call have the same ``params``; each names the fact that caused it, if known.
        """
        ...
