"""The table of hold-out assignments."""

from __future__ import annotations

from django.db import models


class HoldoutAssignment(models.Model):
    """In which arm of one hold-out a customer was put; never changed."""

    id = models.BigAutoField(primary_key=True)
    scope_key = models.CharField(max_length=100)
    customer_id = models.BigIntegerField()
    arm = models.CharField(max_length=12)
    share_ppm = models.IntegerField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope_key", "customer_id"], name="holdout_once"),
            models.CheckConstraint(
                name="holdout_share", condition=models.Q(share_ppm__gte=0, share_ppm__lte=1_000_000)
            ),
        ]
        indexes = [models.Index(fields=["customer_id"], name="holdout_customer")]
