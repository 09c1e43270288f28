"""Events from outside: each is checked on its own, all are recorded in a few statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _
from pydantic_core import to_json

from siyu.facts import api as facts
from siyu.interfaces.api.schemas import Event
from siyu.kit.errors import BadInput
from siyu.records.customers import api as customers

FUTURE = timedelta(minutes=10)
PAST = timedelta(days=365 * 30)


@dataclass
class _Checked:
    event: Event
    payload: Any
    ref: customers.IdentityRef | None


Result = dict[str, str | None]


def ingest(events: Sequence[Event], *, source: str, at: datetime) -> bytes:
    """Record events under ``source``; a repeated id is a duplicate, a bad event is rejected alone.

    Answers the JSON of an ``EventAnswer``.
    """
    checked: list[_Checked | Result] = [_check(event, at) for event in events]
    good = [entry for entry in checked if isinstance(entry, _Checked)]
    refs = {entry.ref: None for entry in good if entry.ref is not None}
    found = customers.identify(list(refs), at=at, source=source, origin=facts.Origin.LIVE)
    subjects: dict[customers.IdentityRef | None, int | None] = {None: None}
    subjects.update((ref, identified.subject_id) for ref, identified in zip(refs, found, strict=True))
    recorded = iter(
        facts.record(
            [
                facts.NewFact(
                    name=entry.event.name,
                    payload=entry.payload,
                    occurred_at=entry.event.occurred_at,
                    subject_id=subjects[entry.ref],
                    source=source,
                    external_id=entry.event.id,
                )
                for entry in good
            ],
            at=at,
        )
    )
    results = [
        _result(entry.event, "duplicate" if next(recorded) is None else "accepted")
        if isinstance(entry, _Checked)
        else entry
        for entry in checked
    ]
    counts = Counter(result["status"] for result in results)
    return to_json({**{status: counts[status] for status in _STATUSES}, "results": results})


_STATUSES = ("accepted", "duplicate", "rejected")


def _result(
    event: Event, status: str, error: str | None = None, message: str | None = None, field: str | None = None
) -> Result:
    return {"id": event.id, "status": status, "error": error, "message": message, "field": field}


def _check(event: Event, at: datetime) -> _Checked | Result:
    try:
        declared = facts.CATALOGUE.find(event.name)
        if declared is None or not declared.ingestible:
            raise BadInput("event.unknown_name", _("There is no event of this name."), field="name")
        if event.occurred_at.tzinfo is None:
            raise BadInput("event.naive_time", _("The time needs a time zone."), field="occurred_at")
        if not at - PAST < event.occurred_at < at + FUTURE:
            raise BadInput(
                "event.time", _("The time lies in the future or too far back."), field="occurred_at"
            )
        if "\x00" in event.id:
            raise BadInput("event.id", _("The id has a character that cannot be stored."), field="id")
        payload = facts.load_payload(declared.payload, event.payload, strict=True)
        ref = None
        if event.identity is not None:
            ref = customers.IdentityRef(event.identity.kind, event.identity.value, event.identity.realm)
            if reason := customers.check_ref(ref):
                raise BadInput(f"identity.{reason}", _("This identity cannot be used."), field="identity")
    except BadInput as error:
        field = str(error.params.get("field", "")) or next(iter(error.fields), None)
        return _result(event, "rejected", error.code, str(error), field)
    return _Checked(event, payload, ref)
