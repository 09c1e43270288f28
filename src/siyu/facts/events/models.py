"""Tables of the log. The log itself is partitioned and made by SQL in the first migration."""

from __future__ import annotations

from django.db import models


class Subject(models.Model):
    """Somebody or something that facts are about; immutable, carries no personal data."""

    id = models.BigAutoField(primary_key=True)
    created_at = models.DateTimeField()


class EventKey(models.Model):
    """What makes a fact happen once: unpartitioned, so that it is unique over all months."""

    pk = models.CompositePrimaryKey("source", "external_id")
    source = models.TextField()
    external_id = models.TextField()
    fact_id = models.BigIntegerField()

    class Meta:
        db_table = "facts_event_key"


class Event(models.Model):
    """A row of the log, partitioned by month of ``recorded_at``; written and read by SQL in ``log``."""

    id = models.BigIntegerField(primary_key=True)
    tx = models.BigIntegerField()
    name = models.TextField()
    version = models.SmallIntegerField()
    payload = models.JSONField()
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    subject_id = models.BigIntegerField(null=True)
    origin = models.TextField()
    source = models.TextField()
    external_id = models.TextField()
    causation_id = models.BigIntegerField(null=True)
    correlation_id = models.TextField()
    hops = models.SmallIntegerField()

    class Meta:
        db_table = "facts_event"


class Cursor(models.Model):
    """How far one shard of a subscription has read: everything up to (tx, fact_id) is done."""

    id = models.BigAutoField(primary_key=True)
    subscription = models.CharField(max_length=100)
    shard = models.PositiveSmallIntegerField(default=0)
    tx = models.BigIntegerField(default=0)
    fact_id = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "shard"], name="cursor_once")]


class Dead(models.Model):
    """A fact that failed for one subscription."""

    id = models.BigAutoField(primary_key=True)
    subscription = models.CharField(max_length=100)
    fact_id = models.BigIntegerField()
    name = models.CharField(max_length=80)
    error = models.TextField()
    attempts = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["subscription", "fact_id"], name="dead_once")]
