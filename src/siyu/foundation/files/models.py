"""The table of stored files."""

from __future__ import annotations

from django.db import models


class StoredFile(models.Model):
    """A file on disk, encrypted; ``expires_at`` in wall time."""

    id = models.BigAutoField(primary_key=True)
    token = models.CharField(max_length=40, unique=True)
    name = models.CharField(max_length=255)
    purpose = models.CharField(max_length=40)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["expires_at"], name="file_expires")]
