"""Words for states, outcomes and reasons."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.decisions.journeys.contracts import EndReason, JourneyState, SkipReason, StepOutcome

Text = str | Promise

STATE_LABELS: dict[JourneyState, Text] = {
    JourneyState.DRAFT: _("Draft"),
    JourneyState.RUNNING: _("Running"),
    JourneyState.PAUSED: _("Paused"),
    JourneyState.ARCHIVED: _("Archived"),
}
SKIP_LABELS: dict[SkipReason, Text] = {
    SkipReason.ALREADY_IN: _("Is in this journey already"),
    SkipReason.REENTRY: _("Was in this journey before"),
    SkipReason.TOO_OLD: _("Became known too late"),
    SkipReason.UNIDENTIFIED: _("Not identified yet"),
    SkipReason.PAUSED: _("The journey was paused"),
    SkipReason.ERASED: _("Personal data was erased"),
}
OUTCOME_LABELS: dict[StepOutcome, Text] = {
    StepOutcome.DONE: _("Done"),
    StepOutcome.SKIPPED: _("Not possible"),
    StepOutcome.HOLDOUT: _("Control group"),
    StepOutcome.WAITED: _("Waited"),
    StepOutcome.TIMED_OUT: _("Did not happen in time"),
    StepOutcome.BRANCHED: _("Took a branch"),
    StepOutcome.ENDED: _("Reached the end"),
}
END_LABELS: dict[EndReason, Text] = {
    EndReason.COMPLETED: _("Went through"),
    EndReason.EXITED: _("Ended by an event"),
    EndReason.MERGED: _("The same person as another run"),
    EndReason.ARCHIVED: _("The journey was archived"),
    EndReason.REMOVED: _("Taken out by hand"),
    EndReason.ERASED: _("Personal data was erased"),
}
FLOW_LABELS: dict[str, Text] = {
    "wait": _("Wait"),
    "wait_for": _("Wait for an event"),
    "branch": _("Branch"),
    "end": _("End"),
}
