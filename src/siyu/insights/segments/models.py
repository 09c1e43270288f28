"""Tables of insights/segments: authored definitions, derived members and next flips."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from siyu.foundation.api import DueRow, due_index


class Segment(models.Model):
    """A named rule tree; ``version`` is the definition in force. ``key`` marks the default ones."""

    id = models.BigAutoField(primary_key=True)
    key = models.TextField(null=True, unique=True)
    name = models.TextField()
    description = models.TextField(default="")
    version = models.IntegerField(default=1)
    state = models.TextField(default="pending")
    error = models.TextField(default="")
    built_at = models.DateTimeField(null=True)
    build_ms = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["name"], name="segment_name_once", condition=Q(archived_at__isnull=True)
            )
        ]


class SegmentVersion(models.Model):
    """One version of a definition; never changed."""

    id = models.BigAutoField(primary_key=True)
    segment = models.ForeignKey(Segment, on_delete=models.CASCADE, related_name="+")
    version = models.IntegerField()
    definition = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["segment", "version"], name="segment_version_once")]


class Membership(models.Model):
    """True from ``valid_from`` to ``valid_to``; known so from ``known_from`` to ``known_to``.

    A member now is a row open in both. Rows are closed (``known_to``) and replaced, never corrected.
    """

    id = models.BigAutoField(primary_key=True)
    segment_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)
    known_from = models.DateTimeField()
    known_to = models.DateTimeField(null=True)
    cause_fact_id = models.BigIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["segment_id", "customer_id"],
                name="membership_open_once",
                condition=Q(valid_to__isnull=True, known_to__isnull=True),
            ),
            models.CheckConstraint(
                name="membership_valid_forward",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
            models.CheckConstraint(
                name="membership_known_forward",
                condition=Q(known_to__isnull=True) | Q(known_to__gte=F("known_from")),
            ),
        ]
        indexes = [models.Index(fields=["customer_id", "segment_id"], name="membership_customer")]


class NextFlip(DueRow):
    """The next moment at which time alone may change whether this person is in this segment."""

    id = models.BigAutoField(primary_key=True)
    segment_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["segment_id", "customer_id"], name="flip_one_per_person")
        ]
        indexes = [
            due_index("segment_flip_due"),
            models.Index(fields=["customer_id"], name="segment_flip_person"),
        ]
