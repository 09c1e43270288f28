"""What crosses the door of journeys: definitions, views, predicates, facts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.api import Field, Text
from siyu.facts.api import FactType


class JourneyState(StrEnum):
    """State of a whole journey."""

    DRAFT = "draft"  # never published; nobody enters
    RUNNING = "running"
    PAUSED = "paused"  # nobody enters, nobody moves; resume goes on where they stand
    ARCHIVED = "archived"  # nobody enters; those inside were ended


class EnrolmentState(StrEnum):
    """State of one person in one journey."""

    ACTIVE = "active"  # has a due_at at which the next step is taken
    ENDED = "ended"
    ERROR = "error"  # a step failed for this person; visible, can be retried


class EndReason(StrEnum):
    """Why a person's run ended."""

    COMPLETED = "completed"
    EXITED = "exited"  # an exit fact happened
    MERGED = "merged"  # the same person ran twice after a merge; the other run goes on
    ARCHIVED = "archived"
    REMOVED = "removed"  # taken out by a person
    ERASED = "erased"  # the person's data was erased


class SkipReason(StrEnum):
    """Why somebody whose fact fitted did not enter."""

    ALREADY_IN = "already_in"
    REENTRY = "reentry"  # was in before; the re-entry rule says no (or not yet)
    TOO_OLD = "too_old"  # the fact had happened too long before it became known
    UNIDENTIFIED = "unidentified"  # the subject is not a customer yet
    PAUSED = "paused"
    ERASED = "erased"  # a late word about somebody whose data was erased


class StepOutcome(StrEnum):
    """What a person's visit of a step came to."""

    DONE = "done"
    SKIPPED = "skipped"  # the effect could not apply; reason is stored
    HOLDOUT = "holdout"  # in the control group: moved along untouched
    WAITED = "waited"
    TIMED_OUT = "timed_out"  # wait_for: the fact did not come
    BRANCHED = "branched"
    ENDED = "ended"


FLOW_STEPS = ("wait", "wait_for", "branch", "end")  # all other types are effect names


@dataclass(frozen=True, slots=True)
class Condition:
    """One question of a branch, answered by the predicate of that kind."""

    kind: str
    params: Mapping[str, Any]
    negate: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """People for whom all conditions hold go to ``next``."""

    when: tuple[Condition, ...]
    next: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a published definition."""

    id: str
    type: str
    label: str
    params: Mapping[str, Any]
    next: str | None  # None = the run ends after it
    holdout: bool = False
    cases: tuple[Case, ...] = ()
    otherwise: str | None = None  # branch: where the rest goes; wait_for: where the late go


@dataclass(frozen=True, slots=True)
class Entry:
    """Who comes in: ``on`` fact name, with equality filters on its payload."""

    fact: str
    where: Mapping[str, Any] = field(default_factory=dict)
    max_age_hours: int = 72  # facts that became known later than this greet nobody


@dataclass(frozen=True, slots=True)
class Reentry:
    """``days`` None = once in a life; N = again when N days have passed since the last entry."""

    days: int | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A validated definition; ``rules.parse_definition`` is the only maker."""

    entry: Entry
    reentry: Reentry
    exit_on: tuple[str, ...]
    steps: tuple[Step, ...]

    def step(self, step_id: str) -> Step:
        """The step of that id (KeyError when there is none)."""
        for step in self.steps:
            if step.id == step_id:
                return step
        raise KeyError(step_id)


@dataclass(frozen=True, slots=True)
class Person:
    """One running enrolment as predicates see it."""

    enrolment_id: int
    customer_id: int
    subject_id: int
    began_at: datetime  # when the fact they came in by happened


class Predicate(Protocol):
    """A kind of question a branch can ask; registered in ``journeys.api.PREDICATES``."""

    name: str
    label: Text
    fields: Sequence[Field]

    def validate(self, params: Mapping[str, Any]) -> Mapping[str, Text]:
        """Field name → what is wrong; empty = fine."""
        ...

    def holds(self, people: Sequence[Person], params: Mapping[str, Any], *, at: datetime) -> set[int]:
        """Enrolment ids of those for whom it holds, as known at ``at``; set-based."""
        ...


@dataclass(frozen=True, slots=True)
class StepTypeView:
    """One kind of step for the console's editor."""

    type: str
    label: Text
    fields: Sequence[Field]
    is_effect: bool


@dataclass(frozen=True, slots=True)
class StepCounts:
    """People at and through one step of one version: passed = done + skipped + holdout + others."""

    step_id: str
    type: str
    label: str
    waiting: int  # stand at it now
    errors: int
    passed: int
    outcomes: Mapping[StepOutcome, int]


@dataclass(frozen=True, slots=True)
class JourneyView:
    """One journey for lists."""

    id: int
    key: str
    name: str
    state: JourneyState
    live_version: int | None
    draft_version: int | None
    entered: int  # conservation: entered = active + errors + ended
    active: int
    errors: int
    ended: int
    holdout: int
    skipped: int
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version with its definition and people per step."""

    journey_id: int
    number: int
    published_at: datetime | None
    definition: Mapping[str, Any]
    steps: tuple[StepCounts, ...]


@dataclass(frozen=True, slots=True)
class EnrolmentView:
    """One person's run."""

    id: int
    journey_id: int
    journey_name: str
    version: int
    customer_id: int
    state: EnrolmentState
    step_id: str
    step_label: str
    due_at: datetime | None
    entered_at: datetime
    ended_at: datetime | None
    end_reason: str
    holdout: bool
    error: str


@dataclass(frozen=True, slots=True)
class StepRunView:
    """One step one person took."""

    step_id: str
    step_label: str
    visit: int
    outcome: StepOutcome
    ref: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SkipView:
    """Somebody who did not enter, and why."""

    customer_id: int | None
    subject_id: int
    fact_id: int
    reason: SkipReason
    label: str | Promise
    at: datetime


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one ``advance`` did."""

    people: int = 0
    steps: int = 0
    ended: int = 0
    errors: int = 0


# --- facts -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JourneyEntered:
    """``journey.entered``"""

    journey_id: int
    version: int
    enrolment_id: int
    name: str = ""  # of the journey then


@dataclass(frozen=True, slots=True)
class StepTaken:
    """``journey.step_taken``; recorded for everything but waiting."""

    journey_id: int
    enrolment_id: int
    step_id: str
    type: str
    visit: int
    outcome: str
    name: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True)
class JourneyEnded:
    """``journey.ended``"""

    journey_id: int
    enrolment_id: int
    reason: str
    name: str = ""


OWNER = "decisions_journeys"
FACTS = (
    FactType("journey.entered", 1, OWNER, JourneyEntered, _("Entered a journey")),
    FactType("journey.step_taken", 1, OWNER, StepTaken, _("Took a step of a journey")),
    FactType("journey.ended", 1, OWNER, JourneyEnded, _("Ended a journey")),
)
