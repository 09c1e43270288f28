"""Runs follow the subject map; of two runs of one person in one journey the older goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.decisions.journeys.contracts import EndReason
from siyu.decisions.journeys.models import Enrolment
from siyu.decisions.journeys.operations.leave import end_runs
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers

_MOVE = """
UPDATE decisions_journeys_enrolment e SET customer_id = n.customer_id, entry_no = n.entry_no
FROM (
  SELECT m.id, m.customer_id,
         coalesce((SELECT max(k.entry_no) FROM decisions_journeys_enrolment k
                   WHERE k.journey_id = m.journey_id AND k.customer_id = m.customer_id), 0)
         + row_number() OVER (PARTITION BY m.journey_id, m.customer_id ORDER BY m.entered_at, m.id) AS entry_no
  FROM (SELECT x.id, x.journey_id, x.entered_at, t.customer_id
        FROM decisions_journeys_enrolment x
        JOIN unnest(%s::bigint[], %s::bigint[]) AS t(id, customer_id) ON t.id = x.id) m
) n
WHERE e.id = n.id
"""


def follow_map(subject_ids: Sequence[int], *, at: datetime) -> int:
    """Give the runs of these subjects the customer they map to now; returns how many moved.

    A run that would be the second open one of a person in a journey is ended (reason merged). Undoing
    a merge moves the runs back but does not reopen what was ended: its messages might come twice.
    """
    owners = customers.customers_of(subject_ids)
    rows = [
        row
        for row in Enrolment.objects.filter(subject_id__in=list(owners)).order_by("pk")
        if row.customer_id != owners[row.subject_id]
    ]
    if not rows:
        return 0
    foundation.lock_rows(Enrolment, [row.pk for row in rows])
    moving = {row.pk: owners[row.subject_id] for row in rows}
    _end_doubles(rows, moving, at)
    return foundation.execute(_MOVE, [list(moving), list(moving.values())])


def _end_doubles(rows: Sequence[Enrolment], moving: dict[int, int], at: datetime) -> None:
    open_runs: dict[tuple[int, int], list[Enrolment]] = {}
    staying = Enrolment.objects.filter(
        customer_id__in=set(moving.values()), state__in=["active", "error"]
    ).exclude(pk__in=list(moving))
    for row in [*rows, *staying]:
        if row.state in ("active", "error"):
            owner = moving.get(row.pk, row.customer_id)
            open_runs.setdefault((row.journey_id, owner), []).append(row)
    doubles: list[int] = []
    for runs in open_runs.values():
        doubles += [row.pk for row in sorted(runs, key=lambda each: (each.entered_at, each.pk))[1:]]
    end_runs(sorted(doubles), EndReason.MERGED, at=at)
