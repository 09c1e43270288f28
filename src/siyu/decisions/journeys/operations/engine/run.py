"""State of one ``advance``: people in memory, rows to write at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from siyu.decisions.journeys.contracts import Definition, EndReason, Person, Step, StepOutcome
from siyu.decisions.journeys.models import Enrolment
from siyu.facts import api as facts


@dataclass(slots=True)
class Taken:
    """One step one person took, to be written as a StepRun."""

    row: Enrolment
    step: Step
    visit: int
    outcome: StepOutcome
    ref: str = ""
    reason: str = ""


@dataclass(slots=True)
class Batch:
    """People being moved. A person in ``live`` has another step to look at now; the rest are parked."""

    at: datetime
    zone: ZoneInfo
    holdout_ppm: int
    definitions: dict[int, Definition]
    names: dict[int, str]  # journey id → name
    rows: list[Enrolment]
    live: list[Enrolment] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    ended: list[Enrolment] = field(default_factory=list)
    failed: list[Enrolment] = field(default_factory=list)
    causes: dict[int, facts.Fact] = field(default_factory=dict)
    employees: dict[int, int] | None = None

    def step_of(self, row: Enrolment) -> Step:
        """The step a person stands at."""
        return self.definitions[row.version_id].step(row.step_id)

    def move(
        self,
        row: Enrolment,
        step: Step,
        outcome: StepOutcome,
        target: str | None,
        *,
        ref: str = "",
        reason: str = "",
    ) -> None:
        """Note the step as taken and put the person before the next one, or out of the journey."""
        self.taken.append(Taken(row, step, row.visit, outcome, ref, reason))
        row.arrived = False
        row.waiting_fact, row.waiting_since, row.waited_fact_id = "", None, None
        if target is None:
            row.state, row.due_at = "ended", None
            row.ended_at, row.end_reason = self.at, EndReason.COMPLETED.value
            self.ended.append(row)
        else:
            row.step_id = target
            row.visit += 1
            row.due_at = self.at
            self.live.append(row)

    def park(self, row: Enrolment, until: datetime) -> None:
        """Let a person stand at the step until ``until`` (business time)."""
        row.arrived, row.due_at = True, until

    def fail(self, row: Enrolment, error: str) -> None:
        """Put a person aside whose step failed: visible, to be tried again by a person."""
        row.state, row.error, row.due_at = "error", error[:1000], None
        self.failed.append(row)


def person(row: Enrolment) -> Person:
    """A run as predicates see it."""
    return Person(row.pk, row.customer_id, row.subject_id, row.began_at)


def groups(batch: Batch) -> list[tuple[int, Step, list[Enrolment]]]:
    """Take everybody out of ``live``, grouped by (version, step) in a stable order."""
    found: dict[tuple[int, str], list[Enrolment]] = {}
    for row in batch.live:
        found.setdefault((row.version_id, row.step_id), []).append(row)
    batch.live = []
    return [
        (version_id, batch.definitions[version_id].step(step_id), rows)
        for (version_id, step_id), rows in sorted(found.items())
    ]


def by_id(rows: Sequence[Enrolment]) -> dict[int, Enrolment]:
    """Rows by their id."""
    return {row.pk: row for row in rows}
