"""Wake people who wait for a fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from siyu.decisions.journeys.models import Enrolment, JourneyVersion
from siyu.decisions.journeys.operations.enter import fits
from siyu.decisions.journeys.rules.definition import load_definition
from siyu.facts import api as facts
from siyu.foundation import api as foundation


def wake(heard: Sequence[facts.Fact], owners: Mapping[int, int], *, at: datetime) -> list[int]:
    """People who wait for one of these facts are due at once; returns their enrolment ids.

    A fact counts if it happened while the person was waiting (not before). One that was heard while
    the waiting began is found again at the timeout, so that nobody is called late wrongly.
    """
    customers = sorted({owners[fact.subject_id or 0] for fact in heard if fact.subject_id in owners})
    names = sorted({fact.name for fact in heard})
    found = Enrolment.objects.filter(
        state="active", customer_id__in=customers, waiting_fact__in=names, waited_fact_id__isnull=True
    ).values_list("pk", flat=True)
    locked = foundation.lock_rows(Enrolment, list(found)) if customers else []
    woken = []
    definitions = {}
    for row in Enrolment.objects.filter(pk__in=locked, state="active", waited_fact_id__isnull=True):
        if row.version_id not in definitions:
            definitions[row.version_id] = load_definition(
                JourneyVersion.objects.get(pk=row.version_id).definition
            )
        where = definitions[row.version_id].step(row.step_id).params.get("where") or {}
        for fact in heard:
            mine = owners.get(fact.subject_id or 0) == row.customer_id
            since = row.waiting_since
            if (
                mine
                and since is not None
                and fact.occurred_at >= since
                and fits(row.waiting_fact, where, fact)
            ):
                row.waited_fact_id, row.due_at = fact.id, at
                row.save(update_fields=["waited_fact_id", "due_at"])
                woken.append(row.pk)
                break
    return woken
