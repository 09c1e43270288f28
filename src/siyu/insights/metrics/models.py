"""The one table of insights/metrics: what facts add to the numbers of a day. Derived and rebuildable."""

from __future__ import annotations

from django.db import models


class Entry(models.Model):
    """What one fact adds: of which kind, to which of the brand's days, through whom, how much.

    One row per fact and kind, so hearing a fact twice adds nothing. ``ref`` is the task, delivery or
    transfer it is about.
    """

    id = models.BigAutoField(primary_key=True)
    fact_id = models.BigIntegerField()
    kind = models.TextField()
    day = models.DateField()
    occurred_at = models.DateTimeField()
    employee_id = models.BigIntegerField(null=True)
    subject_id = models.BigIntegerField(null=True)
    ref = models.BigIntegerField(null=True)
    amount = models.BigIntegerField(default=1)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["fact_id", "kind"], name="metric_entry_once")]
        indexes = [
            models.Index(fields=["kind", "day", "employee_id"], name="metric_entry_day"),
            models.Index(fields=["kind", "ref"], name="metric_entry_ref"),
            models.Index(fields=["subject_id", "kind"], name="metric_entry_subject"),
        ]


class Kept(models.Model):
    """A number of one day that is too dear to count for every page, as counted for the whole brand at a moment."""

    id = models.BigAutoField(primary_key=True)
    key = models.TextField()
    day = models.DateField()
    numerator = models.BigIntegerField()
    denominator = models.BigIntegerField(null=True)
    counted_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "day"], name="metric_kept_once")]
