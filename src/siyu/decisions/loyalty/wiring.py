"""Hands loyalty's words to the ledger."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.decisions.loyalty.contracts import EARN, TAKE_BACK
from siyu.records.ledger import api as ledger


def wire() -> None:
    """Called once by discovery."""
    ledger.LABELS.register(EARN, _("Points for an order"))
    ledger.LABELS.register(TAKE_BACK, _("Points taken back after a refund"))
