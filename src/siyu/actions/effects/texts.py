"""Words for why an effect could not apply to a person."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from siyu.actions.effects.contracts import Text

_SKIPS: dict[str, Text] = {
    "no_employee": _("Nobody serves this customer."),
    "no_reply_code": _("The platform gave no code to reply with."),
    "insufficient": _("Not enough points."),
}


def skip_text(reason: str) -> Text:
    """A skip reason for a person to read."""
    return _SKIPS.get(reason, reason)
