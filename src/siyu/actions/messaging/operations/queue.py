"""Put messages in the queue; take them out again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.actions.messaging import store
from siyu.actions.messaging.contracts import DeliverySpec, DeliveryState, Queued
from siyu.actions.messaging.models import Delivery
from siyu.actions.messaging.registry import CHANNELS
from siyu.actions.messaging.rules import content_json, group_hash
from siyu.facts import api as facts
from siyu.kit.errors import BadInput
from siyu.records.customers import api as customers
from siyu.records.policy import api as policy


def queue(
    deliveries: Sequence[DeliverySpec], *, at: datetime, cause: facts.Fact | None = None
) -> list[Queued]:
    """Queue messages, each key once for ever; the answers stand in the order asked.

    Nothing is decided here but uniqueness: policy is asked when a message is due, so that what the
    customer said in between counts. A channel with a window gets an expiry (due_at + window) where
    the spec has none. BadInput for an unknown channel or kind, an empty text, or a customer that is
    not known; then nothing is queued.
    """
    subjects = customers.anchors_of({spec.customer_id for spec in deliveries if spec.subject_id is None})
    rows: dict[str, Delivery] = {}
    for spec in deliveries:
        if spec.key not in rows:
            rows[spec.key] = _row(spec, subjects, at)
    new = store.insert(list(rows.values()), at=at) if rows else {}
    old = [key for key in rows if key not in new]
    known = dict(Delivery.objects.filter(key__in=old).values_list("key", "pk")) if old else {}
    fresh = []
    for key, delivery_id in new.items():
        rows[key].pk = delivery_id
        fresh.append(rows[key])
    store.tell(fresh, at=at, cause=cause, causes={spec.key: spec.cause for spec in deliveries})
    answers = []
    for spec in deliveries:
        first = spec.key in new and spec.key not in known
        known.setdefault(spec.key, new.get(spec.key, 0))
        answers.append(Queued(spec.key, known[spec.key], first))
    return answers


def _row(spec: DeliverySpec, subjects: dict[int, int], at: datetime) -> Delivery:
    channel = CHANNELS.find(spec.channel)
    if channel is None:
        raise BadInput("channel.unknown", _("There is no channel %(channel)s."), channel=spec.channel)
    try:
        kind = policy.MessageKind(spec.kind)
    except ValueError:
        raise BadInput("delivery.kind", _("A message is either service or promotional.")) from None
    if not spec.content.text.strip() and not spec.content.attachments:
        raise BadInput("delivery.empty", _("The message is empty."))
    subject_id = spec.subject_id if spec.subject_id is not None else subjects.get(spec.customer_id)
    if subject_id is None:
        raise BadInput("delivery.customer", _("This customer is not known."), customer_id=spec.customer_id)
    expires_at = spec.expires_at
    if expires_at is None and channel.window is not None:
        expires_at = spec.due_at + channel.window
    content = content_json(spec.content)
    return Delivery(
        key=spec.key,
        customer_id=spec.customer_id,
        subject_id=subject_id,
        employee_id=spec.employee_id,
        channel=spec.channel,
        kind=kind.value,
        purpose_key=spec.purpose_key,
        holdout_key=spec.holdout_key,
        content=content,
        group_hash=group_hash(spec.channel, spec.employee_id, content),
        params=dict(spec.params),
        state=DeliveryState.QUEUED.value,
        held_rule="",
        reason="",
        planned_at=spec.due_at,
        due_at=spec.due_at,
        expires_at=expires_at,
    )
