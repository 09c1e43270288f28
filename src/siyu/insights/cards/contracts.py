"""What crosses the door of insights/cards: the card, its fields, filters and queries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from siyu.facts.api import Fact, FactType


class FieldKind(StrEnum):
    """How a field's values look, which decides the comparisons that make sense."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    TIME = "time"
    CHOICE = "choice"
    TAGS = "tags"
    REFERENCE = "reference"


class Op(StrEnum):
    """A comparison. On an empty value each is false, except EMPTY, IS_NOT and NONE_OF."""

    IS = "is"
    IS_NOT = "is_not"
    AT_LEAST = "at_least"
    AT_MOST = "at_most"
    MORE_THAN = "more_than"
    LESS_THAN = "less_than"
    ONE_OF = "one_of"
    NONE_OF = "none_of"
    CONTAINS = "contains"
    HAS = "has"
    HAS_NOT = "has_not"
    EMPTY = "empty"
    NOT_EMPTY = "not_empty"
    WITHIN_DAYS = "within_days"
    OVER_DAYS = "over_days"
    BEFORE = "before"
    SINCE = "since"


@dataclass(frozen=True)
class CardField:
    """A field of the card: its name in filters and rule trees, its label and the comparisons it allows."""

    name: str
    kind: FieldKind
    label: object
    ops: tuple[Op, ...]
    sortable: bool = True
    choices: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class CardFilter:
    """One condition of a list: field, comparison, value (text as typed is accepted and checked)."""

    field: str
    op: Op
    value: Any = None


@dataclass(frozen=True)
class CardView:
    """One customer as lists show it. Money in minor units; scores 1 (weak) to 5 (strong), None = not scored."""

    customer_id: int
    name: str
    avatar: str
    phone_masked: str
    employee_id: int | None
    employee_name: str
    unit_id: int | None
    unit_name: str
    friend_count: int
    tags: tuple[str, ...]
    channel: str
    stage: str
    stage_since: datetime | None
    r: int | None
    f: int | None
    m: int | None
    orders: int
    spent_total: int
    refunded_total: int
    net_total: int
    first_order_at: datetime | None
    last_order_at: datetime | None
    last_active_at: datetime | None
    points_balance: int
    created_at: datetime


@dataclass(frozen=True)
class Fragment:
    """A piece of SQL with its parameters; ``text`` never holds a value that came from outside.

    ``flip`` is an expression for the moment at which time alone turns the condition (NULL: never), with
    ``flip_params``. Both may use the alias ``c`` of the card and ``t.as_of``, the moment of judging.
    """

    text: str
    params: tuple[Any, ...] = ()
    flip: str | None = None
    flip_params: tuple[Any, ...] = ()


@dataclass(frozen=True)
class CardScores:
    """What scoring writes onto a card."""

    customer_id: int
    stage: str
    stage_since: datetime | None
    r: int | None
    f: int | None
    m: int | None


@dataclass(frozen=True)
class Touch:
    """One batch as the listeners get it: customers whose cards were refreshed and what changed on each.

    ``changed`` maps customer → names of the fields that changed (a new card: all; a removed one: empty and
    the customer is in ``removed``). ``facts`` maps customer → the batch's facts about them, in order.
    ``shaken`` are customers whose set of subjects changed, so that any fact may count anew.
    ``quiet``: a yardstick moved, not a person; facts recorded from it carry origin BACKFILL, so nobody acts.
    """

    customer_ids: tuple[int, ...]
    changed: Mapping[int, frozenset[str]]
    removed: frozenset[int]
    facts: Mapping[int, tuple[Fact, ...]]
    shaken: frozenset[int] = frozenset()
    quiet: bool = False


class CardListener(Protocol):
    """Hears of refreshed cards inside the same transaction; returns further changed fields per customer."""

    def __call__(self, touch: Touch, *, at: datetime) -> Mapping[int, frozenset[str]]:
        """React to ``touch``; must be correct for any order and for repeats."""
        ...


CustomerIds = Sequence[int]

FACTS: tuple[FactType, ...] = ()
