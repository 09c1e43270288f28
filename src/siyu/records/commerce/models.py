"""Orders as sources report them; amounts in 分."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Product(models.Model):
    """An SPU: what customers know by one name; its SKUs differ in size, colour, stone."""

    code = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)


class Sku(models.Model):
    """What is sold. Made by the first order line that names it."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")
    code = models.CharField(max_length=100, unique=True)
    name = models.CharField(max_length=200)


class Order(models.Model):
    """One paid order. No customer means it waits to be claimed (待认领)."""

    source = models.CharField(max_length=40)
    order_no = models.CharField(max_length=100)
    subject_id = models.BigIntegerField(db_index=True)
    customer_id = models.BigIntegerField(null=True)
    unit_id = models.BigIntegerField(null=True)
    employee_id = models.BigIntegerField(null=True)
    paid_at = models.DateTimeField()
    currency = models.CharField(max_length=3)
    amount = models.BigIntegerField()
    refunded_amount = models.BigIntegerField(db_default=0)
    buyer_hint = models.CharField(max_length=100)
    backfill = models.BooleanField()
    reported_at = models.DateTimeField()
    content_hash = models.BinaryField()

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["source", "order_no"], name="commerce_order_once"),
            models.CheckConstraint(
                condition=Q(refunded_amount__gte=0) & Q(refunded_amount__lte=F("amount")),
                name="commerce_never_refunded_beyond",
            ),
        )
        indexes = (
            models.Index(fields=["customer_id", "paid_at"], name="commerce_order_of_customer"),
            models.Index(fields=["paid_at", "id"], name="commerce_order_paid"),
            models.Index(fields=["unit_id", "paid_at"], name="commerce_order_unit"),
            models.Index(fields=["employee_id", "paid_at"], name="commerce_order_employee"),
            models.Index(
                fields=["paid_at", "id"], name="commerce_order_unclaimed", condition=Q(customer_id=None)
            ),
        )


class MatchRate(models.Model):
    """How many orders a source has and how many of them a known buyer, where counting them takes long."""

    source = models.CharField(max_length=40, primary_key=True)
    orders = models.BigIntegerField()
    matched = models.BigIntegerField()
    counted_at = models.DateTimeField()


class OrderLine(models.Model):
    """One line; two equal lines of an order are two rows."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="+")
    line_no = models.IntegerField()
    sku = models.ForeignKey(Sku, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=200)
    quantity = models.IntegerField()
    amount = models.BigIntegerField()

    class Meta:
        constraints = (models.UniqueConstraint(fields=["order", "line_no"], name="commerce_line_once"),)


class Refund(models.Model):
    """Money given back. Waits without an order until the order arrives."""

    source = models.CharField(max_length=40)
    order_no = models.CharField(max_length=100)
    refund_no = models.CharField(max_length=100)
    order = models.ForeignKey(Order, null=True, on_delete=models.PROTECT, related_name="+")
    state = models.CharField(max_length=8)  # waiting | applied | rejected
    reason = models.CharField(max_length=20)
    amount = models.BigIntegerField()
    refunded_at = models.DateTimeField()
    origin = models.CharField(max_length=10)
    fact_id = models.BigIntegerField(null=True)  # the report it came by; none from a file

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["source", "order_no", "refund_no"], name="commerce_refund_once"),
        )
        indexes = (models.Index(fields=["refunded_at"], name="commerce_refund_when"),)


class RefundLine(models.Model):
    """What of which line was given back."""

    refund = models.ForeignKey(Refund, on_delete=models.CASCADE, related_name="+")
    line_no = models.IntegerField()
    quantity = models.IntegerField()
    amount = models.BigIntegerField()
