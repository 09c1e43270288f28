"""Imports, what they staged, what they refused."""

from __future__ import annotations

from django.db import models


class DataSet(models.Model):
    """Where rows come from. Its name is part of every row's key; its shift of dates is fixed once."""

    name = models.CharField(max_length=40, unique=True)
    shift_days = models.IntegerField()


class Import(models.Model):
    """One run over one file; each chunk moves it forward in one transaction."""

    file_id = models.BigIntegerField()
    file_name = models.CharField(max_length=255)
    file_size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, db_index=True)
    preset = models.CharField(max_length=20)
    mapping = models.JSONField()
    data_set = models.CharField(max_length=40)
    shift_days = models.IntegerField()
    encoding = models.CharField(max_length=20, db_default="")
    state = models.CharField(max_length=10)
    stop_requested = models.BooleanField(db_default=False)
    rows_read = models.BigIntegerField(db_default=0)
    read_share = models.FloatField(db_default=0)  # 0..1 of the file
    rows_bad = models.BigIntegerField(db_default=0)
    rows_written = models.BigIntegerField(db_default=0)
    last_group = models.BinaryField(null=True)
    orders_new = models.BigIntegerField(db_default=0)
    orders_same = models.BigIntegerField(db_default=0)
    orders_changed = models.BigIntegerField(db_default=0)
    orders_rejected = models.BigIntegerField(db_default=0)
    amount_new = models.BigIntegerField(db_default=0)
    error_code = models.CharField(max_length=40, db_default="")
    error_params = models.JSONField(default=dict)
    started_by = models.CharField(max_length=100)
    started_at = models.DateTimeField()
    reported_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)


class StagedRow(models.Model):
    """A readable row waiting to be written, sealed; gone once written."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="+", db_index=False)
    group_key = models.BinaryField()
    row_no = models.BigIntegerField()
    sealed = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["run", "group_key", "row_no"], name="import_staged_row_once"),
        )


class QuarantinedRow(models.Model):
    """A row that was refused, with the reason; its cells sealed and expiring."""

    run = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="+", db_index=False)
    row_no = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    sealed = models.BinaryField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["run", "row_no"], name="import_quarantined_row_once"),)
