"""What each order stands at in points."""

from __future__ import annotations

from django.db import models


class OrderPoints(models.Model):
    """One row per order that was looked at; locked while it is settled.

    ``earned`` is the transfer in force (``earn_key``), ``standing`` what refunds left of it. ``step``
    numbers the transfers of the order and makes their keys.
    """

    order_id = models.BigIntegerField(unique=True)
    fen_per_point = models.BigIntegerField(null=True)
    earn_key = models.CharField(max_length=60, null=True)
    earned = models.BigIntegerField(db_default=0)
    standing = models.BigIntegerField(db_default=0)
    step = models.IntegerField(db_default=0)
