"""The table of deliveries."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from siyu.actions.messaging.contracts import DeliveryState
from siyu.foundation.api import DueRow, due_index

SENDABLE = (DeliveryState.QUEUED.value, DeliveryState.HELD.value)
ASKABLE = (DeliveryState.WAITING_MEMBER.value, DeliveryState.UNKNOWN.value)


class Delivery(DueRow):
    """One message to one customer and where it stands.

    ``planned_at`` is when it was meant to leave, ``due_at`` when it is looked at next (NULL: not by
    itself). Both, ``expires_at`` and the ``*_at`` of outcomes are business time; ``run_after`` and
    ``lease_until`` are wall time (architecture §2 rule 2). ``lease_token`` names the last attempt.
    """

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, unique=True)
    customer_id = models.BigIntegerField()
    subject_id = models.BigIntegerField()
    employee_id = models.BigIntegerField(null=True)
    channel = models.CharField(max_length=60)
    kind = models.CharField(max_length=20)
    purpose_key = models.CharField(max_length=120)
    holdout_key = models.CharField(max_length=120, default="")
    content = models.JSONField()
    group_hash = models.CharField(max_length=32)  # same channel, sender and content = one port call
    params = models.JSONField(default=dict)
    state = models.CharField(max_length=20)
    held_rule = models.CharField(max_length=60, default="")
    reason = models.TextField(default="")
    holds = models.IntegerField(default=0)
    wish = models.CharField(max_length=10, default="")  # "cancel" | "remind": what a person wants of it
    planned_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)  # type: ignore[assignment]  # NULL where nothing is due by itself
    expires_at = models.DateTimeField(null=True)
    doubt = models.BooleanField(default=False)  # an earlier attempt was unclear; it may have arrived
    asked = models.IntegerField(default=0)  # how often the platform was queried since the last attempt
    attempted_at = models.DateTimeField(null=True)
    ref = models.CharField(max_length=200, default="")
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta(DueRow.Meta):
        abstract = False
        constraints = [
            models.CheckConstraint(
                name="delivery_state_known",
                condition=Q(state__in=[state.value for state in DeliveryState]),
            ),
            models.CheckConstraint(
                name="delivery_held_names_rule", condition=~Q(state="held") | ~Q(held_rule="")
            ),
        ]
        indexes = [
            due_index("delivery_sendable", *SENDABLE),
            due_index("delivery_askable", *ASKABLE),
            due_index("delivery_sending", DeliveryState.SENDING.value),
            models.Index(fields=["subject_id"], name="delivery_subject"),
            models.Index(fields=["channel", "ref"], name="delivery_ref", condition=~Q(ref="")),
            models.Index(fields=["customer_id", "-planned_at"], name="delivery_customer"),
            models.Index(fields=["employee_id", "-planned_at"], name="delivery_employee"),
            models.Index(fields=["purpose_key", "channel", "state"], name="delivery_purpose"),
            models.Index(fields=["-planned_at", "-id"], name="delivery_recent"),
        ]
