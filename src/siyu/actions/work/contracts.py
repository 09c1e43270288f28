"""What crosses the door of work: tasks for staff and their facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.facts.api import Fact, FactType


class TaskState(StrEnum):
    """Where a task stands."""

    OPEN = "open"
    DONE = "done"
    SKIPPED = "skipped"
    EXPIRED = "expired"


class TaskResult(StrEnum):
    """How a closed task ended."""

    SENT = "sent"  # the clerk sent the message
    CALLED = "called"
    VISITED = "visited"
    BOUGHT = "bought"  # the customer bought; closed by the order, not by a person
    NO_ANSWER = "no_answer"
    NOT_NEEDED = "not_needed"
    OTHER = "other"


STATE_LABELS: dict[TaskState, str | Promise] = {
    TaskState.OPEN: _("To do"),
    TaskState.DONE: _("Done"),
    TaskState.SKIPPED: _("Skipped"),
    TaskState.EXPIRED: _("Expired"),
}
RESULT_LABELS: dict[TaskResult, str | Promise] = {
    TaskResult.SENT: _("Message sent"),
    TaskResult.CALLED: _("Called"),
    TaskResult.VISITED: _("Met in the store"),
    TaskResult.BOUGHT: _("The customer bought"),
    TaskResult.NO_ANSWER: _("No answer"),
    TaskResult.NOT_NEEDED: _("Not needed"),
    TaskResult.OTHER: _("Other"),
}

FOLLOW_UP = "follow_up"  # kind closed by a purchase of the customer
CARE = "care"


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """One thing one member of staff shall do about one customer."""

    key: str  # unique over all tasks ever
    employee_id: int
    customer_id: int
    kind: str  # FOLLOW_UP | CARE | another module's own word
    title: str
    due_at: datetime  # business time; the day (brand time zone) it appears in 今日任务
    reason: str = ""  # why this customer, why today
    draft: str = ""  # text ready to send
    subject_id: int | None = None
    expires_at: datetime | None = None
    purpose_key: str = ""
    cause: Fact | None = None  # None = the cause given to ``create_tasks``


@dataclass(frozen=True, slots=True)
class Created:
    """Answer to one TaskSpec, in the order asked."""

    key: str
    task_id: int
    new: bool


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What a list of tasks may be narrowed by."""

    day: date | None = None  # brand-time day; with OPEN also earlier, still open ones
    states: frozenset[TaskState] = frozenset()
    employee_id: int | None = None
    customer_id: int | None = None
    kind: str = ""
    purpose_key: str = ""


@dataclass(frozen=True, slots=True)
class TaskView:
    """One task for a page."""

    id: int
    employee_id: int
    customer_id: int
    kind: str
    title: str
    reason: str
    draft: str
    state: TaskState
    result: str
    note: str
    due_at: datetime
    due_day: date
    expires_at: datetime | None
    closed_at: datetime | None
    overdue: bool  # open and its day lies before today


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Completion of one employee on one day: due = done + skipped + expired + open."""

    employee_id: int
    due: int
    done: int
    skipped: int
    expired: int
    open: int


@dataclass(frozen=True, slots=True)
class TaskFact:
    """Payload of all ``task.*`` facts."""

    task_id: int
    employee_id: int
    kind: str
    result: str = ""
    purpose_key: str = ""
    due_day: str = ""  # task.created: the brand's day it is due, as 2026-01-31


OWNER = "actions_work"
FACTS = tuple(
    FactType(name=name, version=1, owner=OWNER, payload=TaskFact, label=label)
    for name, label in (
        ("task.created", _("Task for staff created")),
        ("task.done", _("Task done")),
        ("task.skipped", _("Task skipped")),
        ("task.expired", _("Task expired")),
    )
)
