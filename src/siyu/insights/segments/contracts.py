"""What crosses the door of insights/segments: rule trees, views, reports, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from siyu.facts.api import Fact, FactType
from siyu.insights.cards.contracts import Fragment, Op


@dataclass(frozen=True)
class AllOf:
    """Every one of ``nodes`` holds (an empty list holds for everybody)."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one of ``nodes`` holds (an empty list holds for nobody)."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class Not:
    """``node`` does not hold."""

    node: Node


@dataclass(frozen=True)
class Trait:
    """A field of the card compared with a value; fields and comparisons are those of insights/cards."""

    field: str
    op: Op
    value: Any = None


@dataclass(frozen=True)
class HasTag:
    """The customer has (or has not) the tag of this name."""

    name: str
    has: bool = True


@dataclass(frozen=True)
class PayloadFilter:
    """A fact's payload field compared with a value (is, is_not, at_least, at_most, contains)."""

    field: str
    op: Op
    value: Any = None


@dataclass(frozen=True)
class FactCount:
    """The fact ``name`` happened at least ``at_least`` times within the last ``days`` (None: ever)."""

    name: str
    at_least: int = 1
    days: int | None = None
    where: tuple[PayloadFilter, ...] = ()
    happened: bool = True


@dataclass(frozen=True)
class InSegment:
    """The customer is (or is not) a member of another segment."""

    segment_id: int
    member: bool = True


@dataclass(frozen=True)
class Custom:
    """A condition that a higher module brought: its registered name and parameters."""

    name: str
    params: Mapping[str, Any] = field(default_factory=dict)


Node = AllOf | AnyOf | Not | Trait | HasTag | FactCount | InSegment | Custom


@dataclass(frozen=True)
class Tree:
    """A whole definition: its format version and its root."""

    root: Node
    version: int = 1


class Predicate(Protocol):
    """A condition that a higher module registers in ``PREDICATES``."""

    label: object
    fact_names: frozenset[str]
    card_fields: frozenset[str]

    def compile(self, params: Mapping[str, Any]) -> Fragment:
        """Check ``params`` (raise BadInput) and return a boolean fragment over the card ``c``."""
        ...


class BuildState(StrEnum):
    """Whether a segment's members are known."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True)
class SegmentView:
    """One segment as lists show it; ``definition`` is the JSON of the tree."""

    id: int
    key: str
    name: str
    description: str
    version: int
    definition: Mapping[str, Any]
    members: int
    state: BuildState
    error: str
    built_at: datetime | None
    build_ms: int | None
    created_at: datetime
    archived_at: datetime | None
    estimated: bool = False  # members, where the reader's scope is large


@dataclass(frozen=True)
class MemberView:
    """One person's membership: true since (and until), known since, and the fact that caused it."""

    segment_id: int
    segment_name: str
    customer_id: int
    valid_from: datetime
    valid_to: datetime | None
    known_from: datetime
    cause_fact_id: int | None


@dataclass(frozen=True)
class ConditionView:
    """One node of an explanation: whether it holds, the value found, and since which fact."""

    text: str
    holds: bool
    value: str = ""
    fact_id: int | None = None
    since: datetime | None = None
    children: tuple[ConditionView, ...] = ()


@dataclass(frozen=True)
class Explanation:
    """Why a person is, or is not, in a segment."""

    segment_id: int
    customer_id: int
    member: bool
    since: datetime | None
    known_since: datetime | None
    cause: Fact | None
    next_flip_at: datetime | None
    root: ConditionView


@dataclass(frozen=True)
class Preview:
    """A live count: how many of the people in scope match, and a few of them.

    ``judged`` is 0 where everybody was judged; otherwise that many were, chosen by chance, and ``count`` is their
    share of ``total``.
    """

    count: int
    total: int
    sample: tuple[int, ...]
    judged: int = 0


@dataclass(frozen=True)
class RebuildReport:
    """What a rebuild found: members now, and by how many the state kept so far differed."""

    segment_id: int
    members: int
    entered: int
    left: int
    milliseconds: int
    error: str = ""


@dataclass(frozen=True)
class SegmentEntered:
    """Payload of segment.entered: true since ``valid_from``; the cause is 0 when time alone did it."""

    segment_id: int
    cause_fact_id: int
    valid_from: str


@dataclass(frozen=True)
class SegmentLeft:
    """Payload of segment.left: true until ``valid_to``; the cause is 0 when time alone did it."""

    segment_id: int
    cause_fact_id: int
    valid_to: str


Definition = Mapping[str, Any]
CustomerIds = Sequence[int]

FACTS: tuple[FactType, ...] = (
    FactType(
        name="segment.entered",
        version=1,
        owner="insights_segments",
        payload=SegmentEntered,
        label=_("Entered a segment"),
    ),
    FactType(
        name="segment.left",
        version=1,
        owner="insights_segments",
        payload=SegmentLeft,
        label=_("Left a segment"),
    ),
)
