"""Journeys, their versions, the people in them and each step they took."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from siyu.foundation.api import DueRow, due_index


class Journey(models.Model):
    """A named journey; what it does is in its versions."""

    id = models.BigAutoField(primary_key=True)
    key = models.CharField(max_length=60, unique=True)
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=12, default="draft")
    entry_fact = models.CharField(max_length=80, default="")  # of the live version, for the hot path
    live_version = models.IntegerField(null=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="journey_state_known",
                condition=Q(state__in=["draft", "running", "paused", "archived"]),
            ),
            models.CheckConstraint(
                name="journey_running_has_version",
                condition=~Q(state="running") | Q(live_version__isnull=False),
            ),
        ]


class JourneyVersion(models.Model):
    """One definition; a trigger refuses any change once ``published_at`` is set."""

    id = models.BigAutoField(primary_key=True)
    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="+")
    number = models.IntegerField()
    definition = models.JSONField()
    created_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "number"], name="journey_version_once")]


class Enrolment(DueRow):
    """One run of one person through one version.

    ``visit`` counts the steps entered so far; ``(enrolment, visit)`` names one visit of one step.
    """

    id = models.BigAutoField(primary_key=True)
    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(JourneyVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer_id = models.BigIntegerField()
    subject_id = models.BigIntegerField()
    entry_no = models.IntegerField()
    entry_fact_id = models.BigIntegerField(null=True)
    context = models.JSONField(default=dict)
    began_at = models.DateTimeField()  # occurred_at of the entry fact
    entered_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="active")
    step_id = models.CharField(max_length=60)
    visit = models.IntegerField(default=1)
    arrived = models.BooleanField(default=False)  # at a wait: the waiting itself has begun
    due_at = models.DateTimeField(null=True)  # type: ignore[assignment]  # NULL once nothing is due any more
    waiting_fact = models.CharField(max_length=80, default="")
    waiting_since = models.DateTimeField(null=True)
    waited_fact_id = models.BigIntegerField(null=True)  # the fact that came, until the step is taken
    holdout = models.BooleanField(default=False)
    error = models.TextField(default="")
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=12, default="")

    class Meta(DueRow.Meta):
        abstract = False
        constraints = [
            models.UniqueConstraint(
                fields=["journey", "customer_id", "entry_no"], name="enrolment_entry_once"
            ),
            models.UniqueConstraint(
                fields=["journey", "customer_id"],
                name="enrolment_one_open",
                condition=Q(state__in=["active", "error"]),
            ),
            models.UniqueConstraint(
                fields=["journey", "entry_fact_id"],
                name="enrolment_fact_once",
                condition=Q(entry_fact_id__isnull=False),
            ),
            models.CheckConstraint(
                name="enrolment_active_is_due", condition=~Q(state="active") | Q(due_at__isnull=False)
            ),
            models.CheckConstraint(
                name="enrolment_ended_has_time", condition=~Q(state="ended") | Q(ended_at__isnull=False)
            ),
        ]
        indexes = [
            due_index("enrolment_due", "active"),
            models.Index(fields=["customer_id"], name="enrolment_customer"),
            models.Index(fields=["subject_id"], name="enrolment_subject"),
            models.Index(
                fields=["waiting_fact", "customer_id"],
                name="enrolment_waiting",
                condition=~Q(waiting_fact=""),
            ),
            models.Index(fields=["version", "step_id", "state"], name="enrolment_at_step"),
            models.Index(fields=["journey", "-entered_at"], name="enrolment_recent"),
        ]


class StepRun(models.Model):
    """One step one person took; the row is the proof that it was taken, once."""

    id = models.BigAutoField(primary_key=True)
    enrolment = models.ForeignKey(Enrolment, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(JourneyVersion, on_delete=models.PROTECT, related_name="+", db_index=False)
    step_id = models.CharField(max_length=60)
    visit = models.IntegerField()
    outcome = models.CharField(max_length=12)
    ref = models.CharField(max_length=80, default="")
    reason = models.TextField(default="")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["enrolment", "visit"], name="step_run_once")]
        indexes = [models.Index(fields=["version", "step_id", "outcome"], name="step_run_counts")]


class Skip(models.Model):
    """Somebody whose fact fitted the entry but who did not enter, and why."""

    id = models.BigAutoField(primary_key=True)
    journey = models.ForeignKey(Journey, on_delete=models.PROTECT, related_name="+", db_index=False)
    subject_id = models.BigIntegerField()
    customer_id = models.BigIntegerField(null=True)
    fact_id = models.BigIntegerField()
    reason = models.CharField(max_length=16)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["journey", "fact_id"], name="journey_skip_once")]
        indexes = [
            models.Index(fields=["journey", "-at"], name="journey_skip_recent"),
            models.Index(fields=["customer_id"], name="journey_skip_customer"),
        ]
