"""Tables of customers. They are keyed by what never changes: a subject, or the customer first made for it.

Whom a subject or a first customer belongs to *now* is the map (``SubjectMap`` and ``Customer.root_id``),
the only thing that merging and undoing change.
"""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Greatest, Least


class Customer(models.Model):
    """A person known by a strong identity. ``root_id`` is the customer in force: itself until merged into another."""

    id = models.BigAutoField(primary_key=True)
    anchor_subject_id = models.BigIntegerField(unique=True)
    root_id = models.BigIntegerField(db_index=True)
    name = models.CharField(max_length=64, default="")
    avatar = models.CharField(max_length=500, default="")
    gender = models.CharField(max_length=10, default="")
    phone_masked = models.CharField(max_length=20, default="")
    created_at = models.DateTimeField()
    erased_at = models.DateTimeField(null=True)


class Identity(models.Model):
    """One identity of one subject; the value is kept as a keyed hash to find it and sealed to show it."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    realm = models.CharField(max_length=64, default="")
    value_hash = models.BinaryField(max_length=16)
    value_sealed = models.BinaryField()
    subject_id = models.BigIntegerField(unique=True)
    first_seen_at = models.DateTimeField()
    source = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["value_hash", "kind", "realm"], name="identity_once"),
        ]


class SubjectMap(models.Model):
    """From when to when a subject belonged to which customer. ``home_id`` is the customer it was found as."""

    id = models.BigAutoField(primary_key=True)
    subject_id = models.BigIntegerField()
    home_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id"],
                name="subject_map_one_open",
                condition=Q(valid_to__isnull=True),
                include=["customer_id"],
            ),
            models.CheckConstraint(
                name="subject_map_forward",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["customer_id"], name="subject_map_customer", condition=Q(valid_to__isnull=True)
            ),
            models.Index(fields=["home_id"], name="subject_map_home", condition=Q(valid_to__isnull=True)),
            models.Index(
                fields=["subject_id"], name="subject_map_former", condition=Q(valid_to__isnull=False)
            ),
        ]


class WeakLink(models.Model):
    """Two subjects proven to be one person while neither has a customer yet."""

    id = models.BigAutoField(primary_key=True)
    low_subject_id = models.BigIntegerField()
    high_subject_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["low_subject_id", "high_subject_id"], name="weak_link_once"),
            models.CheckConstraint(
                name="weak_link_ordered", condition=Q(low_subject_id__lt=F("high_subject_id"))
            ),
        ]


class Merge(models.Model):
    """Somebody's or a rule's word that two customers are one; in force until undone.

    The merges in force make a forest over the customers; a tree of it is one person.
    """

    id = models.BigAutoField(primary_key=True)
    kept_id = models.BigIntegerField(db_index=True)
    merged_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=100)
    by_rule = models.BooleanField()
    reason = models.CharField(max_length=200, default="")
    undone_at = models.DateTimeField(null=True)
    undone_by = models.CharField(max_length=100, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Least("kept_id", "merged_id"),
                Greatest("kept_id", "merged_id"),
                name="merge_one_in_force",
                condition=Q(undone_at__isnull=True),
            ),
            models.CheckConstraint(name="merge_two_people", condition=~Q(kept_id=F("merged_id"))),
        ]


class MergeCase(models.Model):
    """A claim that two customers are one, which the rules do not accept without a person's decision."""

    id = models.BigAutoField(primary_key=True)
    first_id = models.BigIntegerField()
    second_id = models.BigIntegerField(db_index=True)
    reason = models.CharField(max_length=40)
    claim = models.CharField(max_length=200, default="")
    state = models.CharField(max_length=12, default="open")
    opened_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)
    resolved_by = models.CharField(max_length=100, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["first_id", "second_id"], name="merge_case_one_per_pair"),
            models.CheckConstraint(name="merge_case_ordered", condition=Q(first_id__lt=F("second_id"))),
        ]
        indexes = [models.Index(fields=["opened_at"], name="merge_case_open", condition=Q(state="open"))]


class ContactEvent(models.Model):
    """What a platform told about a friend relation; ``Contact`` is computed from all of these."""

    id = models.BigAutoField(primary_key=True)
    subject_id = models.BigIntegerField()
    employee_id = models.BigIntegerField()
    connection = models.CharField(max_length=64)
    occurred_at = models.DateTimeField()
    kind = models.CharField(max_length=8)
    ended_by = models.CharField(max_length=10, default="")
    state = models.CharField(max_length=64, default="")
    add_way = models.CharField(max_length=32, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "employee_id", "connection", "occurred_at", "kind"],
                name="contact_event_once",
            ),
        ]


class Contact(models.Model):
    """One period in which a person and an employee were friends.

    ``told_since`` is the beginning under which contact.added was recorded, ``told_until`` the end under which
    contact.ended was; later knowledge may move ``since`` and ``until`` to earlier ones, but both are told once.
    """

    id = models.BigAutoField(primary_key=True)
    subject_id = models.BigIntegerField(db_index=True)
    employee_id = models.BigIntegerField()
    connection = models.CharField(max_length=64)
    since = models.DateTimeField()
    told_since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    told_until = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=10, default="")
    state = models.CharField(max_length=64, default="")
    add_way = models.CharField(max_length=32, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["subject_id", "employee_id", "connection"],
                name="contact_one_open",
                condition=Q(until__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["subject_id", "employee_id", "connection", "told_since"], name="contact_told_once"
            ),
            models.CheckConstraint(
                name="contact_forward", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["employee_id", "subject_id"],
                name="contact_employee_open",
                condition=Q(until__isnull=True),
            ),
        ]


class Assignment(models.Model):
    """One period of 专属导购 of one customer (as first made; a merged group shows the kept one's)."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField(db_index=True)
    employee_id = models.BigIntegerField()
    unit_id = models.BigIntegerField(null=True)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    reason = models.CharField(max_length=100)
    by = models.CharField(max_length=100, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer_id"], name="assignment_one_open", condition=Q(until__isnull=True)
            ),
            models.CheckConstraint(
                name="assignment_forward", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
        ]
        indexes = [
            models.Index(
                fields=["employee_id", "customer_id"],
                name="assignment_employee_open",
                condition=Q(until__isnull=True),
            ),
            models.Index(
                fields=["unit_id", "customer_id"],
                name="assignment_unit_open",
                condition=Q(until__isnull=True),
            ),
        ]


class Sight(models.Model):
    """Who sees whom now: one row for each viewer of a customer in force; computed from the tables above.

    ``viewer`` is an employee's id, or minus the id of a unit. Kept by ``operations.sight`` in the
    transaction of whatever it follows from, so that a reader's scope is one look into an index.
    """

    pk = models.CompositePrimaryKey("customer_id", "viewer")
    customer_id = models.BigIntegerField()
    viewer = models.BigIntegerField()

    class Meta:
        constraints = [models.CheckConstraint(name="sight_of_somebody", condition=~Q(viewer=0))]
        indexes = [models.Index(fields=["viewer", "customer_id"], name="sight_of_viewer")]


class Tag(models.Model):
    """A word by which customers are marked."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=60, unique=True)
    created_at = models.DateTimeField()


class CustomerTag(models.Model):
    """One period in which a customer carried a tag."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField()
    tag = models.ForeignKey(Tag, on_delete=models.PROTECT, related_name="+")
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)
    source = models.CharField(max_length=80)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer_id", "tag"], name="customer_tag_one_open", condition=Q(until__isnull=True)
            ),
        ]


class Consent(models.Model):
    """What a customer said about a channel and purpose; the latest word counts, rows are only added."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField()
    channel = models.CharField(max_length=40)
    purpose = models.CharField(max_length=40)
    granted = models.BooleanField()
    at = models.DateTimeField()
    evidence = models.CharField(max_length=200, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["customer_id", "channel", "purpose", "at", "granted"], name="consent_once"
            ),
        ]


class Erasure(models.Model):
    """Whose data was erased, so that a restored backup can be cleaned again. Holds opaque ids only."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField(db_index=True)
    at = models.DateTimeField()
    by = models.CharField(max_length=100)
    rows = models.JSONField()


class Suppression(models.Model):
    """A refusal that outlives erasure: keyed hash of an identity and the channels it refuses."""

    id = models.BigAutoField(primary_key=True)
    kind = models.CharField(max_length=20)
    realm = models.CharField(max_length=64, default="")
    value_hash = models.BinaryField(max_length=16)
    refused = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["value_hash", "kind", "realm"], name="suppression_once"),
        ]
