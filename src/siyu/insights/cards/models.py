"""Tables of insights/cards. Both are derived and can be rebuilt from records and facts."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F


def _sorted_by(column: str) -> models.Index:
    # NULLS FIRST ascending reads backward as "descending, empty ones last": one index for both directions
    return models.Index(F(column).asc(nulls_first=True), F("customer_id").asc(), name=f"card_by_{column}")


class Card(models.Model):
    """One wide row per customer who is neither merged away nor erased."""

    customer_id = models.BigIntegerField(primary_key=True)
    name = models.TextField(default="")
    avatar = models.TextField(default="")
    phone_masked = models.TextField(default="")
    employee_id = models.BigIntegerField(null=True)
    unit_id = models.BigIntegerField(null=True)
    friend_count = models.IntegerField(default=0)
    tags = ArrayField(models.TextField(), default=list)
    channel = models.TextField(default="")
    orders = models.IntegerField(default=0)
    spent_total = models.BigIntegerField(default=0)
    refunded_total = models.BigIntegerField(default=0)
    net_total = models.BigIntegerField(default=0)
    first_order_at = models.DateTimeField(null=True)
    last_order_at = models.DateTimeField(null=True)
    last_active_at = models.DateTimeField(null=True)
    points_balance = models.BigIntegerField(default=0)
    created_at = models.DateTimeField()
    # written by insights/scoring through this module's api
    stage = models.TextField(default="")
    stage_since = models.DateTimeField(null=True)
    r = models.SmallIntegerField(null=True)
    f = models.SmallIntegerField(null=True)
    m = models.SmallIntegerField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["employee_id"], name="card_employee"),
            models.Index(fields=["unit_id"], name="card_unit"),
            models.Index(
                F("stage"),
                F("last_order_at").asc(nulls_first=True),
                F("customer_id").asc(),
                name="card_stage_by_last_order",
            ),
            _sorted_by("created_at"),
            _sorted_by("last_order_at"),
            _sorted_by("first_order_at"),
            _sorted_by("last_active_at"),
            _sorted_by("orders"),
            _sorted_by("spent_total"),
            _sorted_by("refunded_total"),
            _sorted_by("net_total"),
            _sorted_by("points_balance"),
        ]


class CardSearch(models.Model):
    """What a customer is found by, apart from the hot row: it changes only with name, phone or tags."""

    customer_id = models.BigIntegerField(primary_key=True)
    grams = ArrayField(models.TextField(), default=list)
    tags = ArrayField(models.TextField(), default=list)
    phone_tail = models.TextField(default="")

    class Meta:
        indexes = [
            GinIndex(fields=["grams"], name="cardsearch_grams"),
            GinIndex(fields=["tags"], name="cardsearch_tags"),
            models.Index(fields=["phone_tail"], name="cardsearch_tail"),
        ]
