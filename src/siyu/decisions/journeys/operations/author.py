"""Write journeys: drafts, publishing, pausing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Max
from django.utils.translation import gettext_lazy as _

from siyu.decisions.journeys.contracts import EndReason, JourneyState
from siyu.decisions.journeys.models import Enrolment, Journey, JourneyVersion
from siyu.decisions.journeys.operations.leave import end_runs
from siyu.decisions.journeys.rules.definition import parse_definition
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.kit.ids import new_token

MAX_NAME = 100


def create_journey(
    name: str,
    definition: Mapping[str, Any],
    *,
    at: datetime,
    by: foundation.Principal = foundation.SYSTEM,
    key: str = "",
) -> int:
    """Create a journey with a first draft; returns its id. BadInput names what is wrong by place."""
    parse_definition(definition)
    row = Journey.objects.create(
        key=key or f"j-{new_token()[:12]}", name=_name(name), created_at=at, updated_at=at
    )
    JourneyVersion.objects.create(journey=row, number=1, definition=dict(definition), created_at=at)
    foundation.audit(by, "journey.created", "journey", row.pk, {"name": name}, at=at)
    return row.pk


def save_draft(
    journey_id: int,
    definition: Mapping[str, Any],
    *,
    at: datetime,
    by: foundation.Principal,
    name: str | None = None,
) -> int:
    """Replace the draft (or begin one after a published version); returns its version number.

    Running people are not touched: they stay on the version they entered. BadInput names what is
    wrong by place and leaves the old draft.
    """
    parse_definition(definition)
    row = _locked(journey_id)
    if row.state == JourneyState.ARCHIVED.value:
        raise Conflict("journey.archived", _("This journey is archived."))
    draft = JourneyVersion.objects.filter(journey=row, published_at__isnull=True).first()
    if draft is None:
        last = JourneyVersion.objects.filter(journey=row).aggregate(last=Max("number"))["last"] or 0
        draft = JourneyVersion(journey=row, number=last + 1, created_at=at)
    draft.definition = dict(definition)
    draft.save()
    if name is not None:
        row.name = _name(name)
    row.updated_at = at
    row.save(update_fields=["name", "updated_at"])
    foundation.audit(by, "journey.draft_saved", "journey", journey_id, {"version": draft.number}, at=at)
    return draft.number


def publish(journey_id: int, *, at: datetime, by: foundation.Principal = foundation.SYSTEM) -> int:
    """Make the draft the live version, for ever unchangeable; a new journey starts running.

    Returns the version number. Conflict when there is no draft.
    """
    row = _locked(journey_id)
    draft = JourneyVersion.objects.filter(journey=row, published_at__isnull=True).first()
    if draft is None or row.state == JourneyState.ARCHIVED.value:
        raise Conflict("journey.no_draft", _("There is no draft to publish."))
    definition = parse_definition(draft.definition)
    draft.published_at = at
    draft.save(update_fields=["published_at"])
    row.live_version = draft.number
    row.entry_fact = definition.entry.fact
    row.updated_at = at
    if row.state == JourneyState.DRAFT.value:
        row.state = JourneyState.RUNNING.value
    row.save(update_fields=["live_version", "entry_fact", "updated_at", "state"])
    foundation.audit(by, "journey.published", "journey", journey_id, {"version": draft.number}, at=at)
    return draft.number


def pause(journey_id: int, *, at: datetime, by: foundation.Principal) -> None:
    """Nobody enters and nobody moves until resumed; who would have entered is noted as skipped."""
    _move(journey_id, JourneyState.RUNNING, JourneyState.PAUSED, "journey.paused", at, by)


def resume(journey_id: int, *, at: datetime, by: foundation.Principal) -> None:
    """Everybody goes on from where they stand; waits that ended in between are over."""
    _move(journey_id, JourneyState.PAUSED, JourneyState.RUNNING, "journey.resumed", at, by)


def archive(journey_id: int, *, at: datetime, by: foundation.Principal) -> int:
    """End the journey for good and for everybody inside; returns how many runs were ended."""
    row = _locked(journey_id)
    if row.state == JourneyState.ARCHIVED.value:
        return 0
    row.state, row.updated_at = JourneyState.ARCHIVED.value, at
    row.save(update_fields=["state", "updated_at"])
    inside = Enrolment.objects.filter(journey=row, state__in=["active", "error"]).values_list("pk", flat=True)
    ended = end_runs(list(inside), EndReason.ARCHIVED, at=at)
    foundation.audit(by, "journey.archived", "journey", journey_id, {"ended": ended}, at=at)
    return ended


def _move(
    journey_id: int,
    source: JourneyState,
    target: JourneyState,
    verb: str,
    at: datetime,
    by: foundation.Principal,
) -> None:
    row = _locked(journey_id)
    if row.state == target.value:
        return
    if row.state != source.value:
        raise Conflict("journey.state", _("The journey is in another state now; look again."))
    row.state, row.updated_at = target.value, at
    row.save(update_fields=["state", "updated_at"])
    foundation.audit(by, verb, "journey", journey_id, {}, at=at)


def _locked(journey_id: int) -> Journey:
    foundation.lock_rows(Journey, [journey_id])
    row = Journey.objects.filter(pk=journey_id).first()
    if row is None:
        raise NotFound("journey.not_found")
    return row


def _name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > MAX_NAME:
        message = _("Give the journey a name of at most %(limit)s characters.") % {"limit": MAX_NAME}
        raise BadInput("journey.name", message, fields={"name": message})
    return cleaned
