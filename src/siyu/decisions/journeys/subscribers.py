"""What journeys hear of."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.decisions.journeys.heard import HEARD
from siyu.decisions.journeys.operations.advance import advance
from siyu.decisions.journeys.operations.enter import enter
from siyu.decisions.journeys.operations.leave import exit_runs, forget
from siyu.decisions.journeys.operations.merging import follow_map
from siyu.decisions.journeys.operations.wake import wake
from siyu.facts.api import Fact, HandleContext, Subscription
from siyu.records.customers import api as customers


def _heard(facts: Sequence[Fact], context: HandleContext) -> None:
    """Exits first, then those who waited, then those who come in; new people take their first steps at once."""
    owners = customers.customers_of({fact.subject_id for fact in facts if fact.subject_id is not None})
    exit_runs(facts, owners, at=context.at)
    ids = wake(facts, owners, at=context.at) + enter(facts, owners, at=context.at)
    if ids:
        advance(at=context.at, limit=len(ids), only=ids)


def _merged(facts: Sequence[Fact], context: HandleContext) -> None:
    follow_map(sorted({subject for fact in facts for subject in fact.payload.subject_ids}), at=context.at)


def _erased(facts: Sequence[Fact], context: HandleContext) -> None:
    ids = {number for fact in facts for number in (fact.payload.customer_id, *fact.payload.customer_ids)}
    forget(sorted(ids), at=context.at)


SUBSCRIPTIONS = (
    Subscription("journeys.heard", frozenset(HEARD), _heard),
    Subscription(
        "journeys.merged", frozenset({"customer.merged", "customer.unmerged"}), _merged, backfill=True
    ),
    Subscription("journeys.erased", frozenset({"customer.erased"}), _erased, backfill=True),
)
