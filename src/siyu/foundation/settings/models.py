"""The table of dated setting values."""

from __future__ import annotations

from django.db import models


class SettingValue(models.Model):
    """A value of one setting from a moment on; rows are added, never changed."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=80)
    value = models.JSONField()
    effective_from = models.DateTimeField()
    set_at = models.DateTimeField()
    set_by = models.CharField(max_length=100)

    class Meta:
        indexes = [models.Index(fields=["key", "-effective_from", "-id"], name="setting_key_from")]
