"""Tables of acquisition: live codes, friendships begun and friendships ended.

Arrivals and losses are kept as two sets, keyed by the fact, so that figures do not depend on the
order in which facts are heard. People are kept by subject: merges need no change here.
"""

from __future__ import annotations

from django.db import models

from siyu.decisions.acquisition.contracts import CodeStatus


class LiveCode(models.Model):
    """A scannable code of one or several clerks."""

    name = models.CharField(max_length=60)
    employee_ids = models.JSONField()
    unit_id = models.BigIntegerField(null=True)
    connection = models.CharField(max_length=40, blank=True)
    state = models.CharField(max_length=30, unique=True)
    tags = models.JSONField(default=list)
    skip_verify = models.BooleanField(default=True)
    status = models.CharField(max_length=10, default=CodeStatus.MAKING.value)
    config_id = models.CharField(max_length=64, blank=True)
    qr_code = models.CharField(max_length=300, blank=True)
    error = models.TextField(blank=True)
    version = models.IntegerField(default=1)  # of the configuration wanted
    version_made = models.IntegerField(default=0)  # of the configuration the platform has
    asked_at = models.DateTimeField(null=True)  # when creation was first tried
    created_at = models.DateTimeField()
    created_by_id = models.BigIntegerField(null=True)


class Arrival(models.Model):
    """A friendship that began, with the code it is attributed to (none: other way or unknown)."""

    fact_id = models.BigIntegerField(unique=True)
    subject_id = models.BigIntegerField()
    employee_id = models.BigIntegerField(null=True)
    code_id = models.BigIntegerField(null=True)
    state = models.CharField(max_length=64, blank=True)
    add_way = models.IntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["code_id", "at"], name="acq_arrival_code"),
            models.Index(fields=["subject_id", "at"], name="acq_arrival_subject"),
        ]


class Loss(models.Model):
    """A friendship that ended."""

    fact_id = models.BigIntegerField(unique=True)
    subject_id = models.BigIntegerField()
    employee_id = models.BigIntegerField(null=True)
    ended_by = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["subject_id", "employee_id", "at"], name="acq_loss_subject")]
