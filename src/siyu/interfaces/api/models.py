"""Answers already given to calls that carried an Idempotency-Key."""

from __future__ import annotations

from django.db import models


class IdempotentCall(models.Model):
    """The first answer to (API key, Idempotency-Key); committed together with its effects."""

    id = models.BigAutoField(primary_key=True)
    api_key_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True)  # whom the answer tells of
    key = models.CharField(max_length=200)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key_id", "key"], name="idempotent_once")]
        indexes = [
            models.Index(fields=["created_at"], name="idempotent_created"),
            models.Index(
                fields=["customer_id"],
                name="idempotent_customer",
                condition=models.Q(customer_id__isnull=False),
            ),
        ]
