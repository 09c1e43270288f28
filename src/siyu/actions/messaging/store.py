"""Read and write deliveries in sets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from siyu.actions.messaging.contracts import DeliveryFact, DeliveryState
from siyu.actions.messaging.models import Delivery
from siyu.facts import api as facts
from siyu.foundation import api as foundation

SOURCE = "actions_messaging"

CHANGING = {
    "state": "text",
    "held_rule": "text",
    "reason": "text",
    "holds": "int",
    "wish": "text",
    "due_at": "timestamptz",
    "run_after": "timestamptz",
    "lease_until": "timestamptz",
    "lease_token": "uuid",
    "attempts": "smallint",
    "doubt": "boolean",
    "asked": "int",
    "attempted_at": "timestamptz",
    "ref": "text",
    "sent_at": "timestamptz",
    "delivered_at": "timestamptz",
    "closed_at": "timestamptz",
}
_SETS = ", ".join(f"{name} = v.{name}" for name in CHANGING)
_ARRAYS = ", ".join(f"%s::{kind}[]" for kind in CHANGING.values())
_UPDATE = (
    f"UPDATE actions_messaging_delivery d SET {_SETS}"
    f" FROM unnest(%s::bigint[], {_ARRAYS}) AS v(id, {', '.join(CHANGING)}) WHERE d.id = v.id"
)

_INSERT = """
INSERT INTO actions_messaging_delivery
  (key, customer_id, subject_id, employee_id, channel, kind, purpose_key, holdout_key, content, group_hash,
   params, planned_at, due_at, expires_at, state, held_rule, reason, holds, wish, attempts, doubt, asked, ref, created_at)
SELECT v.*, 'queued', '', '', 0, '', 0, false, 0, '', %s
FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::text[],
            %s::text[], %s::jsonb[], %s::text[], %s::jsonb[], %s::timestamptz[], %s::timestamptz[],
            %s::timestamptz[]) AS v
ON CONFLICT (key) DO NOTHING
RETURNING id, key
"""


def insert(rows: Sequence[Delivery], *, at: datetime) -> dict[str, int]:
    """Insert queued deliveries; returns key → id of those that are new."""
    columns: list[list[Any]] = [
        [row.key for row in rows],
        [row.customer_id for row in rows],
        [row.subject_id for row in rows],
        [row.employee_id for row in rows],
        [row.channel for row in rows],
        [row.kind for row in rows],
        [row.purpose_key for row in rows],
        [row.holdout_key for row in rows],
        [json.dumps(row.content, ensure_ascii=False) for row in rows],
        [row.group_hash for row in rows],
        [json.dumps(row.params, ensure_ascii=False, default=str) for row in rows],
        [row.planned_at for row in rows],
        [row.due_at for row in rows],
        [row.expires_at for row in rows],
    ]
    arrays = [foundation.array(column) for column in columns]
    return {key: int(new_id) for new_id, key in foundation.fetch(_INSERT, [at, *arrays])}


def save(rows: Sequence[Delivery]) -> None:
    """Write the changing columns of locked rows back in one statement."""
    if rows:
        columns = [foundation.array(_value(row, name) for row in rows) for name in CHANGING]
        foundation.execute(_UPDATE, [foundation.array(row.pk for row in rows), *columns])


def _value(row: Delivery, name: str) -> Any:
    value = getattr(row, name)
    return str(value) if isinstance(value, UUID) else value


def locked(ids: Sequence[int]) -> list[Delivery]:
    """The rows of these ids, locked in id order."""
    foundation.lock_rows(Delivery, ids)
    return list(Delivery.objects.filter(pk__in=list(ids)).order_by("pk"))


_NAMES = {
    DeliveryState.QUEUED: "delivery.queued",
    DeliveryState.HELD: "delivery.held",
    DeliveryState.WAITING_MEMBER: "delivery.handed_over",
    DeliveryState.SENT: "delivery.sent",
    DeliveryState.DELIVERED: "delivery.confirmed",
    DeliveryState.FAILED: "delivery.failed",
    DeliveryState.UNKNOWN: "delivery.unknown",
    DeliveryState.CANCELLED: "delivery.cancelled",
}


def tell(
    rows: Sequence[Delivery],
    *,
    at: datetime,
    cause: facts.Fact | None = None,
    causes: Mapping[str, facts.Fact | None] | None = None,
) -> None:
    """Record what these deliveries have become, one fact each, caused by ``causes`` (by key) or ``cause``.

    A state that can come again (held, unknown, handed over) carries a count in its external id.
    """
    news = []
    for row in rows:
        state = DeliveryState(row.state)
        name = _NAMES.get(state)
        if name is None:
            continue
        again = {DeliveryState.HELD: f":{row.holds}", DeliveryState.UNKNOWN: f":{row.attempts}"}.get(
            state, ""
        )
        news.append(
            facts.NewFact(
                name=name,
                payload=DeliveryFact(
                    delivery_id=row.pk,
                    channel=row.channel,
                    kind=row.kind,
                    purpose_key=row.purpose_key,
                    employee_id=row.employee_id,
                    rule=row.held_rule,
                    reason=row.reason[:300],
                ),
                occurred_at=at,
                subject_id=row.subject_id,
                source=SOURCE,
                external_id=f"delivery:{row.pk}:{state.value}{again}",
                cause=(causes or {}).get(row.key) or cause,
            )
        )
    if news:
        facts.record(news, at=at)
