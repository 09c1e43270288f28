"""Names and colours of states as the console shows them, one place for all rooms."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.interfaces.console import machinery_words as machinery

Word = tuple[str | Promise, str]

STAGE_COLOURS = {
    "prospect": "azure",
    "new": "blue",
    "active": "green",
    "at_risk": "yellow",
    "dormant": "orange",
    "lost": "red",
}

STATES: dict[str, dict[str, Word]] = {
    **machinery.WORDS,
    "delivery": {
        "queued": (_("Queued"), "azure"),
        "held": (_("Held back"), "yellow"),
        "waiting_member": (_("Waiting for the employee"), "blue"),
        "sending": (_("Sending"), "blue"),
        "sent": (_("Sent"), "teal"),
        "delivered": (_("Delivered"), "green"),
        "failed": (_("Failed"), "red"),
        "unknown": (_("Outcome unknown"), "orange"),
        "cancelled": (_("Cancelled"), "secondary"),
    },
    "message": {"service": (_("Service"), "azure"), "promotional": (_("Promotional"), "purple")},
    "task": {
        "open": (_("Still to do"), "blue"),
        "done": (_("Done"), "green"),
        "skipped": (_("Skipped"), "secondary"),
        "expired": (_("Expired"), "orange"),
    },
    "merge_case": {
        "open": (_("To decide"), "yellow"),
        "merged": (_("Merged"), "green"),
        "dismissed": (_("Two people"), "secondary"),
    },
    "order": {
        "paid": (_("Paid"), "green"),
        "partly_refunded": (_("Partly refunded"), "yellow"),
        "refunded": (_("Refunded"), "red"),
    },
    "import": {
        "waiting": (_("Waiting"), "azure"),
        "reading": (_("Reading"), "blue"),
        "writing": (_("Writing"), "blue"),
        "stopped": (_("Stopped"), "yellow"),
        "done": (_("Done"), "green"),
        "failed": (_("Failed"), "red"),
    },
    "segment": {
        "pending": (_("Counting"), "azure"),
        "ready": (_("Up to date"), "green"),
        "failed": (_("Failed"), "red"),
    },
    "journey": {
        "draft": (_("Draft"), "secondary"),
        "running": (_("Running"), "green"),
        "paused": (_("Paused"), "yellow"),
        "archived": (_("Archived"), "secondary"),
    },
    "enrolment": {
        "active": (_("Under way"), "blue"),
        "ended": (_("Ended"), "green"),
        "error": (_("Stuck"), "red"),
    },
    "outcome": {
        "done": (_("Done"), "green"),
        "skipped": (_("Skipped"), "secondary"),
        "holdout": (_("Hold-out"), "purple"),
        "waited": (_("Waited"), "azure"),
        "timed_out": (_("Timed out"), "yellow"),
        "branched": (_("Branched"), "blue"),
        "ended": (_("Ended"), "green"),
    },
    "end_reason": {
        "completed": (_("went through"), "green"),
        "exited": (_("left early"), "azure"),
        "merged": (_("merged with another run"), "secondary"),
        "archived": (_("journey archived"), "secondary"),
        "removed": (_("taken out"), "secondary"),
        "erased": (_("personal data erased"), "secondary"),
    },
    "code": {
        "making": (_("Being made"), "azure"),
        "active": (_("In use"), "green"),
        "changing": (_("Being changed"), "blue"),
        "failed": (_("Failed"), "red"),
        "deleting": (_("Being deleted"), "yellow"),
        "deleted": (_("Deleted"), "secondary"),
    },
    "connection": {
        "new": (_("Not tried yet"), "azure"),
        "ok": (_("Working"), "green"),
        "failing": (_("Failing"), "red"),
        "off": (_("Switched off"), "secondary"),
    },
    "job": {
        "waiting": (_("Waiting"), "azure"),
        "running": (_("Running"), "blue"),
        "done": (_("Done"), "green"),
        "dead": (_("Given up"), "red"),
        "stopped": (_("Stopped"), "secondary"),
    },
    "task_result": {
        "sent": (_("message sent"), "green"),
        "called": (_("called"), "green"),
        "visited": (_("visited the store"), "green"),
        "bought": (_("bought"), "green"),
        "no_answer": (_("no answer"), "yellow"),
        "not_needed": (_("not needed"), "secondary"),
        "other": (_("other"), "secondary"),
    },
    "ended_by": {
        "customer": (_("removed by the customer"), "red"),
        "employee": (_("removed by the employee"), "red"),
        "transfer": (_("handed over"), "azure"),
    },
    "setting_group": {
        "brand": (_("Brand"), "secondary"),
        "general": (_("General"), "secondary"),
        "goals": (_("Hold-outs"), "secondary"),
        "imports": (_("Order import"), "secondary"),
        "journeys": (_("Automation"), "secondary"),
        "loyalty": (_("Points"), "secondary"),
        "policy": (_("Rules of sending"), "secondary"),
        "scoring": (_("Scores and stages"), "secondary"),
        "segments": (_("Segments"), "secondary"),
        "messaging": (_("Messages"), "secondary"),
        "work": (_("Clerks' tasks"), "secondary"),
        "portal": (_("Customers' pages"), "secondary"),
        "wecom": (_("WeCom"), "secondary"),
        "staff": (_("Organisation and team"), "secondary"),
        "customers": (_("Customers"), "secondary"),
    },
    "consent_channel": {"*": (_("Every channel"), "secondary")},
    "identity": {
        "phone": (_("Phone"), "secondary"),
        "unionid": (_("WeChat unionid"), "secondary"),
        "external_userid": (_("WeCom contact"), "secondary"),
        "openid": (_("WeChat openid"), "secondary"),
        "order_no": (_("Order number"), "secondary"),
        "device": (_("Device"), "secondary"),
        "member_no": (_("Member number"), "secondary"),
    },
    "transfer": {
        "pending": (_("Pending"), "yellow"),
        "posted": (_("Posted"), "green"),
        "void": (_("Void"), "secondary"),
    },
}


def word(kind: str, state: str) -> Word:
    """The name and colour of a state; a state nobody named is shown as it is."""
    return STATES.get(kind, {}).get(state, (state, "secondary"))


def choices(kind: str) -> list[tuple[str, str | Promise]]:
    """All states of a kind, for a filter."""
    return [(state, name) for state, (name, _colour) in STATES[kind].items()]
