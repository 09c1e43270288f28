"""The table of jobs and the workers' heartbeats."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from siyu.foundation.work.due import DueRow, due_index

RUNNING = "running"
DONE = "done"
DEAD = "dead"
STOPPED = "stopped"


class Job(DueRow):
    """One piece of work for later; unique by (name, key) while it is open."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80)
    key = models.CharField(max_length=160, null=True)
    payload = models.JSONField(default=dict)
    correlation_id = models.CharField(max_length=40, default="")
    progress_done = models.BigIntegerField(default=0)
    progress_total = models.BigIntegerField(null=True)
    note = models.CharField(max_length=300, default="")
    stop_requested = models.BooleanField(default=False)
    last_error = models.TextField(default="")
    created_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            due_index("job_due", "waiting", RUNNING),
            models.Index(fields=["name", "-id"], name="job_name"),
            models.Index(fields=["finished_at"], name="job_finished", condition=Q(state=DONE)),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["name", "key"], name="job_open_key", condition=Q(state__in=["waiting", RUNNING])
            )
        ]


class WorkerBeat(models.Model):
    """A worker process that is alive: wall time of its last sign of life."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=80, unique=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField()
