"""What messaging hears of: consent and friendship change what may leave, merges whose it is."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.actions.messaging.operations.merge import follow_map
from siyu.actions.messaging.operations.withdraw import cancel_customers, recheck
from siyu.facts.api import Fact, HandleContext, Subscription
from siyu.records.customers import api as customers


def _heard_of_customer(facts: Sequence[Fact], context: HandleContext) -> None:
    subjects = {fact.subject_id for fact in facts if fact.subject_id is not None}
    recheck(sorted(set(customers.customers_of(subjects).values())), at=context.at)


def _erased(facts: Sequence[Fact], context: HandleContext) -> None:
    cancel_customers([fact.payload.customer_id for fact in facts], at=context.at, reason="erased")


def _merged(facts: Sequence[Fact], context: HandleContext) -> None:
    follow_map(sorted({subject for fact in facts for subject in fact.payload.subject_ids}))
    # What one of them said counts for both from now on, or no longer.
    both = {number for fact in facts for number in (fact.payload.kept_id, fact.payload.merged_id)}
    recheck(sorted(set(customers.current_ids(both).values())), at=context.at)


SUBSCRIPTIONS = (
    Subscription(
        "messaging.recheck",
        frozenset({"consent.changed", "contact.added", "contact.ended"}),
        _heard_of_customer,
        backfill=True,
    ),
    Subscription("messaging.erased", frozenset({"customer.erased"}), _erased, backfill=True),
    Subscription(
        "messaging.merged", frozenset({"customer.merged", "customer.unmerged"}), _merged, backfill=True
    ),
)
