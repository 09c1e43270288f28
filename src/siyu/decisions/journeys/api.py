"""The front door of journeys."""

from siyu.decisions.journeys.contracts import (
    Advanced,
    Condition,
    Definition,
    EndReason,
    EnrolmentState,
    EnrolmentView,
    JourneyState,
    JourneyView,
    Person,
    Predicate,
    SkipReason,
    SkipView,
    StepCounts,
    StepOutcome,
    StepRunView,
    StepTypeView,
    VersionView,
)
from siyu.decisions.journeys.defaults import WELCOME_KEY, install_defaults
from siyu.decisions.journeys.heard import HEARD
from siyu.decisions.journeys.operations.advance import advance
from siyu.decisions.journeys.operations.author import (
    archive,
    create_journey,
    pause,
    publish,
    resume,
    save_draft,
)
from siyu.decisions.journeys.operations.engine.acting import holdout_key
from siyu.decisions.journeys.operations.enter import enter
from siyu.decisions.journeys.operations.leave import remove, retry_errors
from siyu.decisions.journeys.queries.counts import due_now, next_due
from siyu.decisions.journeys.queries.lists import (
    enrolments,
    get_enrolment,
    get_journey,
    get_version,
    journey_id_of,
    journeys,
    skips,
    step_types,
    steps_taken,
    versions,
)
from siyu.decisions.journeys.registry import PREDICATES
from siyu.decisions.journeys.rules.definition import definition_errors, parse_definition
from siyu.decisions.journeys.texts import END_LABELS, OUTCOME_LABELS, SKIP_LABELS, STATE_LABELS

__all__ = [
    "END_LABELS",
    "HEARD",
    "OUTCOME_LABELS",
    "PREDICATES",
    "SKIP_LABELS",
    "STATE_LABELS",
    "WELCOME_KEY",
    "Advanced",
    "Condition",
    "Definition",
    "EndReason",
    "EnrolmentState",
    "EnrolmentView",
    "JourneyState",
    "JourneyView",
    "Person",
    "Predicate",
    "SkipReason",
    "SkipView",
    "StepCounts",
    "StepOutcome",
    "StepRunView",
    "StepTypeView",
    "VersionView",
    "advance",
    "archive",
    "create_journey",
    "definition_errors",
    "due_now",
    "enrolments",
    "enter",
    "get_enrolment",
    "get_journey",
    "get_version",
    "holdout_key",
    "install_defaults",
    "journey_id_of",
    "journeys",
    "next_due",
    "parse_definition",
    "pause",
    "publish",
    "remove",
    "resume",
    "retry_errors",
    "save_draft",
    "skips",
    "step_types",
    "steps_taken",
    "versions",
]
