"""What crosses the door of messaging: deliveries, the channel port, facts.

A *channel* is a way to a customer that a connector knows (a WeCom welcome
message, a mass message confirmed by the member …).  Connectors register an
object that satisfies :class:`Channel` into ``messaging.api.CHANNELS`` from
their ``wiring.py``; messaging calls it outside any transaction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.facts.api import Fact, FactType


class DeliveryState(StrEnum):
    """Where one delivery stands; each delivery is in exactly one state."""

    QUEUED = "queued"  # waits for due_at
    HELD = "held"  # a rule of policy said "not now" (retry_at) or "never" (no retry_at)
    WAITING_MEMBER = "waiting_member"  # handed over; the member must confirm on the phone
    SENDING = "sending"  # claimed; the port is being called, or died while being called
    SENT = "sent"  # the platform took it
    DELIVERED = "delivered"  # the platform says the customer got it
    FAILED = "failed"  # certainly not delivered, and will not be tried again
    UNKNOWN = "unknown"  # nobody can tell; never sent again blindly
    CANCELLED = "cancelled"  # withdrawn before it left


OPEN_STATES = frozenset(
    {
        DeliveryState.QUEUED,
        DeliveryState.HELD,
        DeliveryState.WAITING_MEMBER,
        DeliveryState.SENDING,
    }
)


class Unclear(StrEnum):
    """What to do when nobody knows whether a port call took effect."""

    QUERY = "query"  # ask the platform with Channel.query
    SAFE_REPEAT = "safe_repeat"  # the platform itself refuses a second one (single-use code)
    UNKNOWN_FINAL = "unknown_final"  # cannot be found out: shown as unknown to a person


class Result(StrEnum):
    """What a port call says of one item."""

    SENT = "sent"  # the platform took it; ``ref`` names it there
    DELIVERED = "delivered"  # the platform says the customer has it
    WAITING_MEMBER = "waiting_member"  # lies in the member's list until confirmed
    FAILED = "failed"  # refused for good; ``reason`` says why in words for an operator
    RETRY = "retry"  # certainly NOT taken; may be sent again after ``retry_after``
    UNKNOWN = "unknown"  # the answer was cut off, timed out, or makes no sense
    CANCELLED = "cancelled"  # withdrawn at the platform


@dataclass(frozen=True, slots=True)
class Attachment:
    """Something sent beside the text; the channel knows the kinds it can carry."""

    kind: str  # "link" | "image" | "miniprogram" | "file"
    title: str = ""
    url: str = ""
    description: str = ""
    file_id: int | None = None


@dataclass(frozen=True, slots=True)
class Content:
    """What the customer will read, already rendered (no placeholders left)."""

    text: str
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class SendItem:
    """One delivery as a channel sees it.

    All items of one ``send`` call have the same employee and content; there are
    at most ``Channel.max_batch`` of them.
    """

    delivery_id: int
    key: str  # unique key of the delivery; the same over all attempts
    attempt_token: str  # one claim = one token, shared by all items of one call
    attempted_at: datetime  # business time of the claim of the (last) attempt
    attempt: int  # 1 = first.  At 2 and up a single-use code "already used" means: SENT by an earlier one
    customer_id: int
    subject_id: int | None
    employee_id: int | None
    content: Content
    params: Mapping[str, Any] = field(default_factory=dict)  # Channel.context_keys of the entry
    ref: str = ""  # what the platform called it; "" while not known
    expires_at: datetime | None = None  # do not send at or after this business time
    doubt: bool = False  # an earlier attempt may have arrived: its answer was never read


@dataclass(frozen=True, slots=True)
class Outcome:
    """The answer for one item.  An item left out of the answer counts as UNKNOWN."""

    delivery_id: int
    result: Result
    ref: str = ""
    reason: str = ""  # a sentence that tells the operator what happened / what to do
    retry_after: timedelta | None = None  # with RETRY: wall time to wait
    happened_at: datetime | None = None  # platform's own time of it, when it tells


class Channel(Protocol):
    """Port of one way to the customer; implemented by connectors.

    ``send`` raises :class:`siyu.kit.errors.RetryLater` when certainly nothing
    was taken (no token, connection refused), ``Permanent`` when all items are
    refused for good, ``OutcomeUnknown`` (or any other exception) when it cannot
    tell: the items are then treated as ``unclear`` says.
    """

    name: str  # "wecom.welcome"
    label: str | Promise
    unclear: Unclear
    max_batch: int  # items in one call; 1 = each customer alone
    side_by_side: int  # calls of one worker at a time that the platform bears; 1 = one after the other
    needs_member: bool  # the member has to confirm on the phone
    needs_friend: bool  # only reaches customers who are friends of the sending employee
    window: timedelta | None  # sent within this span of the cause (reply: 20 s) or of due_at, or never
    context_keys: tuple[str, ...]  # keys of the causing fact's payload it needs in params

    def send(self, items: Sequence[SendItem], *, at: datetime) -> Sequence[Outcome]:
        """Hand the items to the platform in one call."""
        ...

    def query(self, items: Sequence[SendItem], *, at: datetime) -> Sequence[Outcome]:
        """Ask the platform what became of them.

        RETRY means "the platform has certainly never seen it", UNKNOWN "still
        cannot tell, ask again later".  For items with an empty ``ref`` the
        channel looks for its own mark, or for sender, content and time.  Raises RetryLater
        when the platform gave no answer: nothing is concluded, and the question does not count.
        """
        ...

    def cancel(self, items: Sequence[SendItem], *, at: datetime) -> Sequence[Outcome]:
        """Withdraw what waits for the member; FAILED with a reason where that cannot be done."""
        ...

    def remind(self, items: Sequence[SendItem], *, at: datetime) -> Sequence[Outcome]:
        """Remind the member to confirm; WAITING_MEMBER when reminded, FAILED otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class DeliverySpec:
    """One message somebody decided to send to one customer."""

    key: str  # unique over all deliveries ever; queueing the same key twice is once
    customer_id: int
    channel: str
    kind: str  # siyu.records.policy MessageKind: "service" | "promotional"
    content: Content
    due_at: datetime  # business time
    purpose_key: str  # why: "journey:12:welcome"; conservation is counted per purpose
    subject_id: int | None = None
    employee_id: int | None = None  # who sends it, where the channel has a sender
    expires_at: datetime | None = None  # never sent at or after this business time
    params: Mapping[str, Any] = field(default_factory=dict)  # what the channel needs (context_keys)
    holdout_key: str = ""  # hold-out scope this person was treated under, "" = none
    cause: Fact | None = None  # what made somebody decide it; None = the cause given to ``queue``


@dataclass(frozen=True, slots=True)
class Queued:
    """Answer to one DeliverySpec, in the order asked."""

    key: str
    delivery_id: int
    new: bool  # False: this key had been queued before; nothing was changed


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """What a list of deliveries may be narrowed by; empty = everything in scope."""

    states: frozenset[DeliveryState] = frozenset()
    channel: str = ""
    kind: str = ""
    purpose_key: str = ""
    customer_id: int | None = None
    employee_id: int | None = None
    since: datetime | None = None  # due_at
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One delivery for a page or the API."""

    id: int
    key: str
    customer_id: int
    employee_id: int | None
    channel: str
    channel_label: str | Promise
    kind: str
    purpose_key: str
    text: str
    state: DeliveryState
    held_rule: str  # name of the policy rule that holds it, "" when not held
    reason: str | Promise  # why held / failed / unknown, for a person to read
    due_at: datetime
    retry_at: datetime | None  # held: when it is asked again; None with HELD = not by itself
    expires_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    attempts: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PurposeCounts:
    """Conservation line of one purpose: ``queued_total`` == sum of ``states``."""

    purpose_key: str
    channel: str
    queued_total: int
    states: Mapping[DeliveryState, int]
    held_rules: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SendReport:
    """What one pass of the sender did; all zero = nothing was due."""

    claimed: int = 0
    held: int = 0
    sent: int = 0
    waiting_member: int = 0
    failed: int = 0
    retried: int = 0
    unknown: int = 0

    def __add__(self, other: SendReport) -> SendReport:
        """Sum of two passes."""
        return SendReport(*(getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__))


# --- facts -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DeliveryFact:
    """Payload of all ``delivery.*`` facts."""

    delivery_id: int
    channel: str
    kind: str
    purpose_key: str
    employee_id: int | None = None
    rule: str = ""  # delivery.held: which rule
    reason: str = ""  # delivery.failed / unknown / cancelled


OWNER = "actions_messaging"
FACTS = tuple(
    FactType(name=name, version=1, owner=OWNER, payload=DeliveryFact, label=label, timeline=timeline)
    for name, label, timeline in (
        ("delivery.queued", _("Message planned"), False),
        ("delivery.held", _("Message held back"), True),
        ("delivery.handed_over", _("Message waits for the employee"), True),
        ("delivery.sent", _("Message sent"), True),
        ("delivery.confirmed", _("Message delivered"), False),
        ("delivery.failed", _("Message failed"), True),
        ("delivery.unknown", _("Message: outcome unknown"), True),
        ("delivery.cancelled", _("Message cancelled"), True),
    )
)
