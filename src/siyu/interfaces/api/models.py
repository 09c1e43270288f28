"""Answers already given to calls that carried an Idempotency-Key."""

from __future__ import annotations

from django.db import models


class IdempotentCall(models.Model):
    """The first answer to (API key, Idempotency-Key); committed together with its effects."""

    id = models.BigAutoField(primary_key=True)
    api_key_id = models.BigIntegerField()
    key = models.CharField(max_length=200)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["api_key_id", "key"], name="idempotent_once")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_created")]
