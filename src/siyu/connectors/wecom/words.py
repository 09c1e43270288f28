"""Sentences that more than one file of the connector shows."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

CONNECTION_GONE = _("No WeCom company is connected. Connect one under Settings, Connections.")
CONNECTION_OFF = _("The WeCom connection is switched off. Messages wait until it is on again.")
FIELD_REQUIRED = _("This field is required.")
FIELD_AES_KEY = _("The EncodingAESKey has 43 letters and digits. Copy it anew.")
NOT_A_FRIEND = _("The customer is not a friend of this employee in WeCom.")
NO_MEMBER = _("The employee is not a WeCom member.")
PULL_EMPTY = _("WeCom showed nobody at all. Check the application's visible range; nothing was changed.")
PULL_SHRUNK = _(
    "%(missing)s of %(known)s friends of %(userid)s seem to be gone at once. This looks like a change of "
    "the application's range, so nothing was changed."
)
WELCOME_GONE = _("The welcome code is no longer known.")
WELCOME_UNCLEAR = _("The welcome message was perhaps sent; WeCom takes no second one.")
ANSWER_UNCLEAR = _("WeCom's answer did not arrive; nobody knows whether it was done.")
MASS_REFUSED = _("WeCom refused this customer: no friend of the sender, or the month's messages are used up.")
MASS_NOT_FRIEND = _("Not delivered: the customer is no longer a friend of the employee.")
MASS_LIMIT = _("Not delivered: the customer has had WeCom's number of mass messages.")
MASS_TOGETHER = _("Already handed over; a part of a mass message cannot be withdrawn alone.")
MASS_NOT_THERE = _("WeCom does not list this customer in the mass message.")
TEXT_TOO_LONG = _("The text is longer than WeCom allows (4,000 bytes).")
TOO_MANY_ATTACHMENTS = _("More than nine attachments.")
ATTACHMENT_KIND = _("WeCom cannot carry this kind of attachment here.")
