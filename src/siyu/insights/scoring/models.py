"""Tables of insights/scoring: the thresholds of each night and the next flip of each person's stage."""

from __future__ import annotations

from django.db import models

from siyu.foundation.api import DueRow, due_index


class Snapshot(models.Model):
    """Quintile thresholds over all buyers at one moment; the latest one is in force. Null: too few buyers."""

    id = models.BigAutoField(primary_key=True)
    taken_at = models.DateTimeField()
    buyers = models.IntegerField()
    thresholds = models.JSONField(null=True)


class StageFlip(DueRow):
    """The next moment at which time alone changes a customer's stage."""

    id = models.BigAutoField(primary_key=True)
    customer_id = models.BigIntegerField(unique=True)

    class Meta:
        indexes = [due_index("stage_flip_due")]
