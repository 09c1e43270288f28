"""Hands commerce's items to lower registries."""

from __future__ import annotations

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce import personal
from siyu.records.commerce.contracts import (
    ORDER_CHANGED,
    ORDER_CLAIMED,
    ORDER_PAID,
    ORDER_REFUNDED,
    OrderChanged,
    OrderPaid,
    OrderRefunded,
)
from siyu.records.commerce.models import Order


def _paid(fact: facts.Fact) -> facts.TimelineEntry:
    told: OrderPaid = fact.payload
    return facts.TimelineEntry(
        title=_("Bought for %(amount)s"),
        detail="%(order_source)s %(order_no)s",
        icon="shopping-bag",
        params={"order_source": told.source, "order_no": told.order_no},
        amounts={"amount": told.amount},
    )


def _refunded(fact: facts.Fact) -> facts.TimelineEntry:
    told: OrderRefunded = fact.payload
    return facts.TimelineEntry(
        title=_("Whole order refunded: %(amount)s") if told.full else _("Partly refunded: %(amount)s"),
        icon="receipt-refund",
        amounts={"amount": told.amount},
    )


def _changed(fact: facts.Fact) -> facts.TimelineEntry:
    told: OrderChanged = fact.payload
    return facts.TimelineEntry(
        title=_("Order corrected to %(amount)s"),
        icon="pencil",
        amounts={"amount": told.amount},
    )


def _claimed(_fact: facts.Fact) -> facts.TimelineEntry:
    return facts.TimelineEntry(title=_("Order matched to the customer"), icon="link")


def _currency_is_fixed() -> str:
    """Amounts of two currencies are never added up."""
    if not Order.objects.exists():
        return ""
    return gettext(
        "Orders are recorded in this currency already; it can only be changed before the first order."
    )


def wire() -> None:
    """Called once by discovery."""
    foundation.GUARDS.register(
        "brand.currency", foundation.SettingGuard("setting.currency_in_use", _currency_is_fixed)
    )
    personal.declare()
    facts.TIMELINE.register(ORDER_PAID.name, _paid)
    facts.TIMELINE.register(ORDER_REFUNDED.name, _refunded)
    facts.TIMELINE.register(ORDER_CHANGED.name, _changed)
    facts.TIMELINE.register(ORDER_CLAIMED.name, _claimed)
