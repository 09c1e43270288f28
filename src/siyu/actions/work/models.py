"""The table of staff tasks."""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Task(models.Model):
    """One thing one member of staff shall do about one customer."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=200, unique=True)
    employee_id = models.BigIntegerField()
    customer_id = models.BigIntegerField()
    subject_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    reason = models.TextField(default="")
    draft = models.TextField(default="")
    purpose_key = models.CharField(max_length=120, default="")
    state = models.CharField(max_length=12, default="open")
    result = models.CharField(max_length=20, default="")
    note = models.TextField(default="")
    due_at = models.DateTimeField()
    due_day = models.DateField()  # day of due_at in the brand's time zone, fixed at creation
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    closed_by = models.CharField(max_length=100, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="task_state_known", condition=Q(state__in=["open", "done", "skipped", "expired"])
            ),
            models.CheckConstraint(
                name="task_closed_has_time", condition=Q(state="open") | Q(closed_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["employee_id", "due_day", "state"], name="task_employee_day"),
            models.Index(
                fields=["customer_id", "kind"], name="task_open_customer", condition=Q(state="open")
            ),
            models.Index(fields=["expires_at"], name="task_expiry", condition=Q(state="open")),
            models.Index(fields=["customer_id", "-due_at"], name="task_customer"),
            models.Index(fields=["due_day", "state"], name="task_day"),
            models.Index(fields=["purpose_key"], name="task_purpose"),
        ]
