"""The reader's words for codes of orders."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.kit.errors import BadInput
from siyu.records.commerce.contracts import OrderState, Reject

STATES: dict[OrderState, Promise] = {
    OrderState.PAID: _("Paid"),
    OrderState.PARTLY_REFUNDED: _("Partly refunded"),
    OrderState.REFUNDED: _("Refunded"),
}
REJECTS: dict[Reject, Promise] = {
    Reject.NO_NUMBER: _("The order number is missing or longer than 100 characters."),
    Reject.NEGATIVE: _("Amounts and quantities must be zero or more."),
    Reject.NO_LINES: _("The order has no lines."),
    Reject.DUPLICATE_LINE: _("Two lines of the order have the same number."),
    Reject.OTHER_CURRENCY: _("The order is in another currency than the brand counts in."),
    Reject.BELOW_REFUNDED: _("The amount is lower than what was refunded already."),
    Reject.ABOVE_PAID: _("The refund is higher than what is left of the order."),
    Reject.OTHER_REFUND: _("A refund of this number is known with another amount."),
}


def describe_state(state: OrderState) -> Promise:
    """The state in the reader's language."""
    return STATES[state]


def refusal(order_no: str, reason: Reject) -> BadInput:
    """The error that a refused report ends with: which order, and why."""
    return BadInput(
        f"order.{reason}",
        _("Order %(order_no)s: %(reason)s"),
        order_no=order_no,
        reason=describe_reject(reason),
    )


def describe_reject(reason: Reject) -> Promise:
    """Why an order or refund was refused, in the reader's language."""
    return REJECTS[reason]
