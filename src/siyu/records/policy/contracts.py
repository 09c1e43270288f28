"""What crosses the door of policy: the typed question, the answer, the form of a rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from django.utils.functional import Promise


class Action(StrEnum):
    """What may be asked. An action without a rule is denied."""

    SEND_MESSAGE = "message.send"


class MessageKind(StrEnum):
    """Why a message is sent. SERVICE answers what the customer just did or is owed."""

    SERVICE = "service"
    PROMOTIONAL = "promotional"


class Consent(StrEnum):
    """What the person last said about this channel and purpose."""

    GRANTED = "granted"
    REFUSED = "refused"
    NOT_STATED = "not_stated"


class Relation(StrEnum):
    """Whether the channel needs a friend relation and, if so, whether it stands."""

    FRIEND = "friend"
    NOT_FRIEND = "not_friend"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True)
class PolicyInput:
    """The typed context of one question. None means "not known": what is needed and missing denies.

    ``promotional_today`` counts promotional messages to this person through any channel on the
    brand's calendar day of ``at``; ``promotional_7_days`` those of that day and the six before.
    """

    customer_id: int | None
    channel: str
    kind: MessageKind | None = None
    consent: Consent | None = None
    opted_out: bool | None = None
    relation: Relation | None = None
    promotional_today: int | None = None
    promotional_7_days: int | None = None


@dataclass(frozen=True)
class Limits:
    """The settings that rules read, resolved once for a whole batch."""

    timezone: ZoneInfo
    quiet_from: time
    quiet_until: time
    cap_per_day: int
    cap_per_7_days: int
    promotional_needs_consent: bool


@dataclass(frozen=True)
class Denial:
    """A rule's no. ``retry_at`` is the next moment at which asking again makes sense, if any."""

    reason: Promise
    appeal: Promise
    retry_at: datetime | None = None


@dataclass(frozen=True)
class Rule:
    """One pure rule: a name, a version raised with each change of meaning, and the check."""

    name: str
    version: int
    actions: frozenset[Action]
    check: Callable[[PolicyInput, Limits, datetime], Denial | None]


@dataclass(frozen=True)
class Decision:
    """The answer. On a denial ``rule``, ``version``, ``reason`` and ``appeal`` say why and what one can do."""

    allowed: bool
    rule: str
    version: int
    reason: Promise | str = ""
    appeal: Promise | str = ""
    retry_at: datetime | None = None
