"""Tables of the organisation: identities of units and people, and their dated versions."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class OrgUnit(models.Model):
    """A unit's lasting identity; what it is called and where it hangs is in its versions."""

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=64)
    external_id = models.CharField(max_length=64)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="org_unit_once")]


class UnitVersion(models.Model):
    """What a unit was from ``valid_from`` to ``valid_to`` (None: now). Periods of a unit never overlap."""

    id = models.BigAutoField(primary_key=True)
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, null=True, related_name="+")
    kind = models.CharField(max_length=10)
    name = models.CharField(max_length=100)
    code = models.CharField(max_length=64, default="")
    valid_from = models.DateTimeField()
    valid_to = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["unit"], name="unit_version_one_open", condition=Q(valid_to__isnull=True)
            ),
            models.UniqueConstraint(
                fields=["code"], name="unit_code_once", condition=Q(valid_to__isnull=True) & ~Q(code="")
            ),
            models.CheckConstraint(
                name="unit_version_forward",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
            ),
            models.CheckConstraint(
                name="unit_not_own_parent", condition=Q(parent__isnull=True) | ~Q(parent=F("unit"))
            ),
        ]


class Employee(models.Model):
    """A member of staff, by the userid of the directory it comes from."""

    id = models.BigAutoField(primary_key=True)
    source = models.CharField(max_length=64)
    userid = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    title = models.CharField(max_length=64, default="")
    mobile_masked = models.CharField(max_length=20, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "userid"], name="employee_once")]
        indexes = [models.Index(fields=["userid"], name="employee_userid")]


class Employment(models.Model):
    """One period of an employee in a unit. At most one is open: the main department."""

    id = models.BigAutoField(primary_key=True)
    employee = models.ForeignKey(Employee, on_delete=models.PROTECT, related_name="+")
    unit = models.ForeignKey(OrgUnit, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=10)
    since = models.DateTimeField()
    until = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["employee"], name="employment_one_open", condition=Q(until__isnull=True)
            ),
            models.CheckConstraint(
                name="employment_forward", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
        ]


class ServiceAccount(models.Model):
    """An employee's account in one connection; has quotas."""

    id = models.BigAutoField(primary_key=True)
    employee = models.ForeignKey(Employee, on_delete=models.PROTECT, related_name="+")
    connection = models.CharField(max_length=64)
    userid = models.CharField(max_length=64)
    active = models.BooleanField(default=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["connection", "userid"], name="service_account_once")]


class QuotaCounter(models.Model):
    """How much of one limit an account has used in one window; changed by one conditional statement."""

    id = models.BigAutoField(primary_key=True)
    account = models.ForeignKey(ServiceAccount, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    window = models.CharField(max_length=20)
    used = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "window"], name="quota_counter_once"),
            models.CheckConstraint(name="quota_not_negative", condition=Q(used__gte=0)),
        ]
