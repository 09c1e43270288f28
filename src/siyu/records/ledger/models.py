"""The books. Written only by the SQL functions of migration 0002; triggers refuse anything else."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Account(models.Model):
    """A place that holds one unit; opened by the first transfer that names it."""

    owner_kind = models.CharField(max_length=40)
    owner_id = models.BigIntegerField()
    kind = models.CharField(max_length=40)
    unit = models.CharField(max_length=20)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=["owner_kind", "owner_id", "kind", "unit"], name="ledger_account_once"
            ),
            # Target of the composite key by which an entry's account must be of the transfer's unit.
            models.UniqueConstraint(fields=["id", "unit"], name="ledger_account_unit"),
        )


class Transfer(models.Model):
    """One movement, once per key. ``amount`` is the sum of its positive legs."""

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=40)
    unit = models.CharField(max_length=20)
    state = models.CharField(max_length=8)
    at = models.DateTimeField()
    memo = models.CharField(max_length=200)
    reverses = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="+")
    amount = models.BigIntegerField()
    reversed_amount = models.BigIntegerField(db_default=0)
    content_hash = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["id", "unit"], name="ledger_transfer_unit"),
            models.CheckConstraint(
                condition=Q(reversed_amount__gte=0) & Q(reversed_amount__lte=F("amount")),
                name="ledger_never_reversed_beyond",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="ledger_amount_positive"),
            models.CheckConstraint(
                condition=Q(state__in=["pending", "posted", "void"]), name="ledger_state_known"
            ),
        )


class Entry(models.Model):
    """One leg of a transfer. Never changed, never deleted; a mistake is reversed."""

    transfer = models.ForeignKey(Transfer, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    unit = models.CharField(max_length=20)
    amount = models.BigIntegerField()

    class Meta:
        indexes = (models.Index(fields=["account", "-id"], name="ledger_entry_statement"),)
        constraints = (models.CheckConstraint(condition=~Q(amount=0), name="ledger_entry_not_zero"),)


class Balance(models.Model):
    """Cached balance of a customer's account. System accounts have none: they would be one hot row."""

    account = models.OneToOneField(Account, primary_key=True, on_delete=models.PROTECT, related_name="+")
    posted = models.BigIntegerField()
    held = models.BigIntegerField()

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(held__gte=0), name="ledger_held_not_negative"),)
