"""The inbox table."""

from __future__ import annotations

from django.db import models

from siyu.foundation.api import DueRow, due_index


class RawMessage(DueRow):
    """One raw message, unique by (source, key); the body is sealed and emptied when it expires."""

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=120)
    key = models.CharField(max_length=160)
    body = models.BinaryField(null=True)
    headers = models.JSONField(default=dict)
    received_at = models.DateTimeField()
    correlation_id = models.CharField(max_length=40, default="")
    last_error = models.TextField(default="")
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "key"], name="raw_once")]
        indexes = [
            due_index("raw_due"),
            # Not of what is still to be handled: a message that comes in should have few indexes to enter.
            models.Index(
                fields=["done_at"],
                name="raw_done",
                condition=models.Q(body__isnull=False, done_at__isnull=False),
            ),
        ]
