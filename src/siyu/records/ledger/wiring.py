"""Hands the ledger's items to lower registries."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.records.ledger import personal
from siyu.records.ledger.contracts import MERGE, POINTS_POSTED, UNMERGE, PointsPosted
from siyu.records.ledger.labels import LABELS, label_of


def _points(fact: facts.Fact) -> facts.TimelineEntry:
    payload: PointsPosted = fact.payload
    return facts.TimelineEntry(
        title=_("%(amount)s points, balance %(balance)s"),
        detail=label_of(payload.kind),
        icon="coins",
        params={"amount": f"{payload.amount:+d}", "balance": payload.balance_after},
    )


def wire() -> None:
    """Called once by discovery."""
    personal.declare()
    LABELS.register(MERGE, _("Customers merged"))
    LABELS.register(UNMERGE, _("Merge undone"))
    facts.TIMELINE.register(POINTS_POSTED.name, _points)
