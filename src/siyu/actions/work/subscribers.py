"""What work hears of: purchases close follow-ups, merges and new stewards move tasks."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.actions.work.operations import close_follow_ups, follow_map, hand_over
from siyu.facts.api import Fact, HandleContext, Subscription
from siyu.records.customers import api as customers


def _bought(facts: Sequence[Fact], context: HandleContext) -> None:
    close_follow_ups(facts, at=context.at)


def _merged(facts: Sequence[Fact], context: HandleContext) -> None:
    follow_map(sorted({subject for fact in facts for subject in fact.payload.subject_ids}))


def _assigned(facts: Sequence[Fact], context: HandleContext) -> None:
    ids = [fact.payload.customer_id for fact in facts if fact.payload.previous_employee_id is not None]
    moves: dict[int, list[int]] = {}
    for customer_id, steward in customers.stewards_of(ids).items():
        moves.setdefault(steward.employee_id, []).append(customer_id)
    for employee_id, customer_ids in sorted(moves.items()):
        hand_over(employee_id, customer_ids, at=context.at)


SUBSCRIPTIONS = (
    Subscription("work.bought", frozenset({"order.paid"}), _bought, backfill=True),
    Subscription("work.merged", frozenset({"customer.merged", "customer.unmerged"}), _merged, backfill=True),
    Subscription("work.assigned", frozenset({"customer.assigned"}), _assigned, backfill=True),
)
