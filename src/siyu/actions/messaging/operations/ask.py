"""Ask policy about a batch of deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta

from siyu.actions.messaging.contracts import DeliveryState
from siyu.actions.messaging.models import Delivery
from siyu.actions.messaging.registry import CHANNELS
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.policy import api as policy

# Anything that may have reached the customer counts against the cap, also what is unclear.
COUNTED = [
    DeliveryState.SENDING.value,
    DeliveryState.WAITING_MEMBER.value,
    DeliveryState.SENT.value,
    DeliveryState.DELIVERED.value,
    DeliveryState.UNKNOWN.value,
]


def ask(rows: Sequence[Delivery], *, at: datetime) -> list[policy.Decision]:
    """What policy says of each, in order, as of ``at``; a fixed number of queries per batch."""
    if not rows:
        return []
    reached = _reach(rows)
    counts = _promotional_counts({row.customer_id for row in rows}, at)
    contexts = []
    for row in rows:
        reach = reached.get(row.pk)
        channel = CHANNELS.find(row.channel)
        today, week = counts.get(row.customer_id, (0, 0))
        relation = None
        if channel is not None and not channel.needs_friend:
            relation = policy.Relation.NOT_NEEDED
        elif reach is not None:
            relation = policy.Relation.FRIEND if reach.is_friend else policy.Relation.NOT_FRIEND
        contexts.append(
            policy.PolicyInput(
                customer_id=row.customer_id,
                channel=row.channel,
                kind=policy.MessageKind(row.kind),
                consent=policy.Consent(reach.consent.value) if reach else None,
                opted_out=(reach.opted_out or reach.erased) if reach else None,
                relation=relation,
                promotional_today=today,
                promotional_7_days=week,
            )
        )
    return policy.decide_many(policy.Action.SEND_MESSAGE, contexts, at=at)


def _reach(rows: Sequence[Delivery]) -> dict[int, customers.Reach]:
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for row in rows:
        groups.setdefault((row.channel, row.kind), []).append(row)
    result = {}
    for (channel, kind), members in groups.items():
        answers = customers.reach(
            [(row.customer_id, row.employee_id) for row in members], channel=channel, purpose=kind
        )
        for row, answer in zip(members, answers, strict=True):
            result[row.pk] = answer
    return result


def _promotional_counts(customer_ids: set[int], at: datetime) -> dict[int, tuple[int, int]]:
    """Promotional messages per customer on the brand's calendar day of ``at``, and of that and the six before."""
    zone = policy.current_limits(at=at).timezone
    today = datetime.combine(at.astimezone(zone).date(), time(0), zone)
    rows = foundation.fetch(
        """SELECT customer_id, count(*) FILTER (WHERE attempted_at >= %s), count(*)
           FROM actions_messaging_delivery
           WHERE customer_id = ANY(%s) AND kind = 'promotional' AND state = ANY(%s) AND attempted_at >= %s
           GROUP BY customer_id""",
        [today, sorted(customer_ids), COUNTED, today - timedelta(days=6)],
    )
    return {int(row[0]): (int(row[1]), int(row[2])) for row in rows}
