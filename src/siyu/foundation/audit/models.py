"""The audit table."""

from __future__ import annotations

from django.db import models


class AuditRow(models.Model):
    """One act of a person, key or the system; a trigger refuses change and removal."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor_kind = models.CharField(max_length=10)
    actor_id = models.BigIntegerField(null=True)
    actor_name = models.CharField(max_length=100)
    verb = models.CharField(max_length=60)
    object_kind = models.CharField(max_length=60)
    object_id = models.CharField(max_length=80)
    detail = models.JSONField(default=dict)
    correlation_id = models.CharField(max_length=40, default="")

    class Meta:
        indexes = [
            models.Index(fields=["-at"], name="audit_at"),
            models.Index(fields=["object_kind", "object_id"], name="audit_object"),
        ]
