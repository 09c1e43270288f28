"""What WeCom's error codes mean for us: kind of failure and a sentence for the operator.

Source: documents 90313, 92130 to 97298 and the public list of codes; only codes that the calls of
this connector can meet. An unlisted code is permanent and shown with its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Kind(StrEnum):
    """How to go on after an error."""

    PERMANENT = "permanent"  # this request will never succeed
    SETUP = "setup"  # it will succeed once an administrator has mended the set-up
    RETRY = "retry"  # certainly nothing happened; later it may work
    UNKNOWN = "unknown"  # may or may not have happened


@dataclass(frozen=True, slots=True)
class Advice:
    """Kind, sentence, and for RETRY how many seconds of wall time to wait."""

    kind: Kind
    text: Promise | str
    wait: float = 0.0


_P, _S, _R, _U = Kind.PERMANENT, Kind.SETUP, Kind.RETRY, Kind.UNKNOWN

TOKEN_STALE = frozenset({40014, 42001})
"""The access token is no longer good: fetch one anew and try once more."""

BUSY = -1

MINUTE_PENALTY = 60.0
"""Seconds an API stays blocked after its rate per minute was exceeded (document 90312)."""

ADVICE: dict[int, Advice] = {
    BUSY: Advice(_R, _("WeCom is busy. It is tried again by itself."), 5),
    45009: Advice(
        _R, _("WeCom's call limit is used up for the moment. It goes on by itself."), MINUTE_PENALTY
    ),
    45033: Advice(_R, _("Too many calls to WeCom at once. It goes on by itself."), 1),
    41063: Advice(_R, _("WeCom is still handing out the mass message. Look again in a minute."), 10),
    41079: Advice(_R, _("WeCom is still handing out the Moments task. Look again in a minute."), 10),
    6000: Advice(_R, _("The data changed at WeCom meanwhile. It is tried again by itself."), 2),
    41096: Advice(_U, _("Another application is sending the welcome message at this moment."), 1),
    # set-up: an administrator can mend it
    40001: Advice(_S, _("The application's secret is wrong or the app is disabled. Copy the secret anew.")),
    40013: Advice(_S, _("The company id is wrong. Copy it from My company in the admin console.")),
    40014: Advice(_S, _("WeCom refuses the access token, also a fresh one. Check secret and company id.")),
    42001: Advice(_S, _("The access token expires at once. Check this server's clock.")),
    40091: Advice(_S, _("The secret belongs to another company. Check company id and secret.")),
    41001: Advice(_S, _("No access token was sent. Check the secret of the application.")),
    41002: Advice(_S, _("The company id is missing in the set-up.")),
    41004: Advice(_S, _("The secret is missing in the set-up.")),
    48001: Advice(_S, _("This API is not granted to the application. Ask an administrator to grant it.")),
    48002: Advice(
        _S,
        _("The application may not use this API. In Customer contact, add it to the apps that may call it."),
    ),
    48005: Advice(_P, _("WeCom has retired this API. Update siyu.")),
    48006: Advice(_S, _("WeCom took the right back because the app was idle. Grant it again.")),
    48008: Advice(_S, _("The contacts helper may not use this API. Use the application's own secret.")),
    48009: Advice(_S, _("The contacts helper may not read details from this server. Use an application.")),
    50001: Advice(_S, _("The page's domain is not trusted. Add it to the app's trusted domains.")),
    60011: Advice(_S, _("The application has no right to this member, department or tag.")),
    60020: Advice(_S, _("This server's IP address is not trusted. Add it to the app's trusted IPs.")),
    84074: Advice(
        _S, _("The member or the app has no customer-contact permission. Grant it in the console.")
    ),
    40056: Advice(_S, _("The agent id is wrong. Copy it from the application's page.")),
    # members
    40003: Advice(_P, _("WeCom does not know this member; perhaps the person has left.")),
    40031: Advice(_P, _("One of the members does not exist at WeCom.")),
    40032: Advice(_P, _("Too many members in one call.")),
    40098: Advice(_P, _("The member has not verified the real name in WeCom.")),
    40143: Advice(_P, _("WeCom has banned this member.")),
    40205: Advice(_P, _("The member has not signed in to WeCom for a year. Ask to sign in once.")),
    41054: Advice(_P, _("The member has never activated WeCom. Ask to sign in once.")),
    43004: Advice(_P, _("The member's WeCom is not bound to WeChat.")),
    60003: Advice(_P, _("The department does not exist at WeCom.")),
    60021: Advice(_S, _("The member is outside the application's visible range. Widen the range.")),
    60030: Advice(_S, _("Outside the application's visible range. Widen the range.")),
    60111: Advice(_P, _("WeCom does not know this member; perhaps the person has left.")),
    60123: Advice(_P, _("The department does not exist at WeCom.")),
    81013: Advice(_P, _("None of the recipients can be reached by this application.")),
    84083: Advice(_P, _("The member is not a service person.")),
    84084: Advice(_S, _("The member may not serve customers or is outside the app's range.")),
    701008: Advice(_S, _("None of the members has an interop licence. Buy or assign licences.")),
    # customers
    40096: Advice(_P, _("WeCom does not know this customer; the id may belong to another company.")),
    40099: Advice(_P, _("The member's number of customers is full.")),
    40128: Advice(_P, _("The customer was handed over twice in 90 days; that is WeCom's limit.")),
    40129: Advice(_P, _("The customer is just being handed over.")),
    40130: Advice(_P, _("Former and new member are the same.")),
    40131: Advice(_P, _("The former member does not serve this customer.")),
    40097: Advice(_P, _("The member has not left the company.")),
    41035: Advice(_P, _("The customer's id is missing.")),
    41056: Advice(_P, _("The customer's id is of the wrong kind.")),
    41057: Advice(_S, _("The company has bound no WeChat developer account; bind one to get union ids.")),
    84061: Advice(_P, _("The customer is not (or no longer) a friend of this member.")),
    # contact ways
    41037: Advice(_P, _("The code's type is missing.")),
    41038: Advice(_P, _("The code's scene is missing.")),
    41039: Advice(_P, _("The code's type is not allowed.")),
    41040: Advice(_P, _("The code's scene is not allowed.")),
    41041: Advice(_P, _("More than 100 members behind one code. Take some out.")),
    41042: Advice(_P, _("The code's style is not allowed.")),
    41043: Advice(_P, _("The code's id is missing.")),
    41044: Advice(_P, _("WeCom does not know this code; it was deleted there. Make a new one.")),
    41045: Advice(_P, _("The company's 500,000 contact ways are used up. Delete codes nobody uses.")),
    # mass messages
    41046: Advice(_P, _("The mass message's id is missing.")),
    41047: Advice(_P, _("WeCom does not know this mass message.")),
    41048: Advice(_P, _("None of the customers can get this message: no friend of the sender.")),
    41052: Advice(_P, _("The sending time is not allowed.")),
    41093: Advice(_P, _("The mass message has been cancelled already.")),
    41094: Advice(_P, _("Reminded three times within 24 hours; WeCom allows no more.")),
    # welcome
    41049: Advice(_P, _("The welcome code is missing.")),
    41050: Advice(_P, _("Too late for a welcome message: WeCom allows 20 seconds.")),
    41051: Advice(_P, _("Already welcomed, or the two are chatting already.")),
    41053: Advice(_P, _("The customer has not agreed to the chat archive.")),
    # content
    40007: Advice(_P, _("The attached file is no longer at WeCom (three days). Attach it anew.")),
    40033: Advice(_P, _("The text contains characters that WeCom does not accept.")),
    40035: Advice(_P, _("WeCom refuses a parameter of the request.")),
    40058: Advice(_P, _("WeCom refuses a parameter of the request.")),
    40063: Advice(_P, _("A required parameter is empty.")),
    40201: Advice(_P, _("WeCom's filter blocked the text as sensitive. Change the text.")),
    40204: Advice(_P, _("WeCom's spam filter blocked the text. Change the text.")),
    40206: Advice(_P, _("The request is too large for WeCom.")),
    41064: Advice(_P, _("More than nine attachments.")),
    41065: Advice(_P, _("An attachment's kind is not allowed here.")),
    41088: Advice(_P, _("There are no attachments.")),
    41089: Advice(_P, _("Text and attachments are both empty.")),
    45002: Advice(_P, _("The text is too long for WeCom.")),
    # tags
    40068: Advice(_P, _("WeCom does not know this tag; it was deleted there.")),
    40071: Advice(_P, _("A tag of this name exists already.")),
    40072: Advice(_P, _("The tag's name is too long: 30 characters at most.")),
    40126: Advice(_P, _("The company's number of tags is full. Delete tags nobody uses.")),
    41017: Advice(_P, _("The tag's id is missing.")),
    41018: Advice(_P, _("The tag's name is missing.")),
    81017: Advice(_P, _("Too many objects in one call.")),
    600018: Advice(_P, _("The start or end time is not allowed.")),
    600019: Advice(_P, _("The end time is not allowed.")),
}


def advice(errcode: int) -> Advice:
    """The advice for a code; an unknown code is permanent and named by its number."""
    found = ADVICE.get(errcode)
    if found is not None:
        return found
    return Advice(Kind.PERMANENT, _("WeCom refused with code %(errcode)s."))
