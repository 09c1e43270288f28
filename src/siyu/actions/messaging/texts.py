"""Words for states and for the reasons that messaging itself gives."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.actions.messaging.contracts import DeliveryState

STATE_LABELS: dict[DeliveryState, str | Promise] = {
    DeliveryState.QUEUED: _("Queued"),
    DeliveryState.HELD: _("Held"),
    DeliveryState.WAITING_MEMBER: _("Waiting for the employee"),
    DeliveryState.SENDING: _("Sending"),
    DeliveryState.SENT: _("Sent"),
    DeliveryState.DELIVERED: _("Delivered"),
    DeliveryState.FAILED: _("Failed"),
    DeliveryState.UNKNOWN: _("Outcome unknown"),
    DeliveryState.CANCELLED: _("Cancelled"),
}

_REASONS: dict[str, str | Promise] = {
    "expired": _("Not sent in time; it is not sent late."),
    "interrupted": _("The program stopped while sending; the platform is being asked."),
}


def reason_text(reason: str) -> str | Promise:
    """A stored reason for a person to read; words of policy and platform pass unchanged."""
    code, _sep, rule = reason.partition(":")
    if code == "expired" and rule:
        return _REASONS["expired"]
    return _REASONS.get(reason, reason)
