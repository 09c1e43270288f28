"""What crosses the door of customers: references, views, results, states, facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from django.utils.translation import gettext_lazy as _

from siyu.facts.api import Fact, FactType

Cause: TypeAlias = Fact | Mapping[int, Fact] | None
"""What caused a change: one fact for all, or one per customer (per subject for friend relations)."""


def cause_of(cause: Cause, key: int) -> Fact | None:
    """The fact that caused the change of one customer or subject."""
    return cause.get(key) if isinstance(cause, Mapping) else cause


class IdentityKind(StrEnum):
    """What an identity is. ``realm`` narrows it: the company, the mini-program, the order source."""

    PHONE = "phone"
    UNIONID = "unionid"
    EXTERNAL_USERID = "external_userid"
    OPENID = "openid"
    ORDER_NO = "order_no"
    DEVICE = "device"
    MEMBER_NO = "member_no"


IDENTITY_LABELS = {
    IdentityKind.PHONE: _("Phone"),
    IdentityKind.UNIONID: _("WeChat unionid"),
    IdentityKind.EXTERNAL_USERID: _("WeCom contact"),
    IdentityKind.OPENID: _("WeChat openid"),
    IdentityKind.ORDER_NO: _("Order number"),
    IdentityKind.DEVICE: _("Device"),
    IdentityKind.MEMBER_NO: _("Member number"),
}


class EndedBy(StrEnum):
    """Who ended a friend relation."""

    CUSTOMER = "customer"
    EMPLOYEE = "employee"
    TRANSFER = "transfer"


ENDED_BY_LABELS = {
    EndedBy.CUSTOMER: _("removed by the customer"),
    EndedBy.EMPLOYEE: _("removed by the employee"),
    EndedBy.TRANSFER: _("handed over"),
}


class ConsentState(StrEnum):
    """What a person has last said about a channel and purpose."""

    GRANTED = "granted"
    REFUSED = "refused"
    NOT_STATED = "not_stated"


class CaseState(StrEnum):
    """Where a merge case stands."""

    OPEN = "open"
    MERGED = "merged"
    DISMISSED = "dismissed"


CASE_REASON_LABELS = {
    "two_phone": _("One person, two phones?"),
    "two_unionid": _("One person, two WeChat accounts?"),
    "two_external_userid": _("One person, two WeCom contacts?"),
    "two_member_no": _("One person, two member numbers?"),
    "undone_before": _("Merged once and undone"),
    "dismissed_before": _("Said to be two people before"),
}


@dataclass(frozen=True)
class IdentityRef:
    """One identity as a source tells it; normalised on the way in."""

    kind: IdentityKind | str
    value: str
    realm: str = ""


@dataclass(frozen=True)
class Identified:
    """Who an identity is: always a subject, a customer once one is known."""

    subject_id: int
    customer_id: int | None


@dataclass(frozen=True)
class LinkResult:
    """What linking one group did. ``case_id`` is set where a person must decide; then nothing merged."""

    customer_id: int | None
    subject_ids: tuple[int, ...]
    merged_ids: tuple[int, ...] = ()
    case_id: int | None = None


@dataclass(frozen=True)
class ContactSpec:
    """A friend relation as the platform tells it. ``since`` is the platform's moment of adding."""

    subject_id: int
    employee_id: int
    connection: str
    since: datetime
    state: str = ""
    add_way: str = ""
    welcome_ref: str | None = None


@dataclass(frozen=True)
class ContactEndSpec:
    """The end of a friend relation, as the platform tells it."""

    subject_id: int
    employee_id: int
    connection: str
    ended_at: datetime
    ended_by: EndedBy


@dataclass(frozen=True)
class AssignSpec:
    """Give one customer one 专属导购."""

    customer_id: int
    employee_id: int


@dataclass(frozen=True)
class ConsentSpec:
    """A statement of one customer about a channel ("*" = every channel) and a purpose."""

    customer_id: int
    channel: str
    purpose: str
    granted: bool
    at: datetime
    evidence: str = ""


@dataclass(frozen=True)
class ProfileSpec:
    """What a source knows about one customer; None leaves a field as it is."""

    customer_id: int
    name: str | None = None
    avatar: str | None = None
    gender: str | None = None


@dataclass(frozen=True)
class ProfileView:
    """The few fields of a customer that lists copy (one of a merged group: the kept one's, filled up)."""

    customer_id: int
    name: str
    avatar: str
    phone_masked: str
    gender: str
    created_at: datetime
    erased: bool = False


@dataclass(frozen=True)
class IdentityView:
    """One identity, its value masked."""

    id: int
    kind: IdentityKind
    realm: str
    masked: str
    subject_id: int
    since: datetime
    source: str


@dataclass(frozen=True)
class ContactView:
    """One period of friend relation; ``until`` None means they are friends now."""

    id: int
    subject_id: int
    employee_id: int
    connection: str
    since: datetime
    until: datetime | None
    ended_by: EndedBy | None
    state: str
    add_way: str


@dataclass(frozen=True)
class AssignmentView:
    """One period of 专属导购; ``until`` None means now."""

    customer_id: int
    employee_id: int
    unit_id: int | None
    since: datetime
    until: datetime | None
    reason: str


@dataclass(frozen=True)
class TagView:
    """One tag of a customer."""

    name: str
    since: datetime
    source: str


@dataclass(frozen=True)
class ConsentView:
    """The last word of a customer about one channel and purpose."""

    channel: str
    purpose: str
    granted: bool
    at: datetime
    evidence: str


@dataclass(frozen=True)
class MergeView:
    """One merge of two customers, in force or undone."""

    id: int
    kept_id: int
    merged_id: int
    at: datetime
    by: str
    reason: str
    undone_at: datetime | None


@dataclass(frozen=True)
class MergeCaseView:
    """Two customers that one claim says are one person, which only a person may decide."""

    id: int
    first_id: int
    second_id: int
    reason: str
    state: CaseState
    opened_at: datetime
    claim: str
    resolved_by: str = ""


@dataclass(frozen=True)
class CustomerView:
    """One customer, whole."""

    id: int
    name: str
    avatar: str
    phone_masked: str
    gender: str
    created_at: datetime
    erased: bool
    subject_ids: tuple[int, ...]
    member_ids: tuple[int, ...]
    identities: tuple[IdentityView, ...]
    contacts: tuple[ContactView, ...]
    assignment: AssignmentView | None
    assignments: tuple[AssignmentView, ...]
    tags: tuple[TagView, ...]
    consents: tuple[ConsentView, ...]
    merges: tuple[MergeView, ...]


@dataclass(frozen=True)
class Steward:
    """The 专属导购 in force of one customer."""

    customer_id: int
    employee_id: int
    unit_id: int | None
    since: datetime


@dataclass(frozen=True)
class Reach:
    """What policy must know about writing to one person through one employee."""

    customer_id: int
    consent: ConsentState
    opted_out: bool
    is_friend: bool
    erased: bool


@dataclass(frozen=True)
class ErasureReceipt:
    """What an erasure removed: rows touched by model label."""

    customer_id: int
    at: datetime
    rows: dict[str, int]


# Facts ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CustomerCreated:
    """A person became a customer: a strong identity was seen for the first time."""

    customer_id: int


@dataclass(frozen=True)
class CustomerIdentified:
    """An identity was found to belong to a customer (the subject of the fact is the identity's)."""

    customer_id: int
    identity_kind: str


@dataclass(frozen=True)
class CustomerMerged:
    """``merged_id`` is from now on the person ``kept_id``. ``subject_ids`` are those that moved."""

    kept_id: int
    merged_id: int
    subject_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class CustomerUnmerged:
    """A merge was undone: ``merged_id`` stands alone again, with ``subject_ids``."""

    kept_id: int
    merged_id: int
    subject_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class CustomerTagged:
    """A tag was put on a customer."""

    customer_id: int
    tag: str


@dataclass(frozen=True)
class CustomerUntagged:
    """A tag was taken off a customer."""

    customer_id: int
    tag: str


@dataclass(frozen=True)
class CustomerAssigned:
    """A customer got a 专属导购."""

    customer_id: int
    employee_id: int
    unit_id: int | None
    previous_employee_id: int | None
    reason: str = ""


@dataclass(frozen=True)
class CustomerUpdated:
    """Name, picture or gender changed; the values stay in records."""

    customer_id: int
    fields: tuple[str, ...]


@dataclass(frozen=True)
class CustomerErased:
    """A customer's personal data was erased, with all who were merged into it (``customer_ids``, itself among them)."""

    customer_id: int
    customer_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class ContactAdded:
    """A person and an employee became friends. ``welcome_ref`` is the platform's one-time welcome code."""

    employee_id: int
    state: str
    add_way: str
    connection: str
    welcome_ref: str | None = None


@dataclass(frozen=True)
class ContactEnded:
    """A friend relation ended."""

    employee_id: int
    ended_by: str
    connection: str = ""


@dataclass(frozen=True)
class ConsentChanged:
    """A customer said yes or no to a channel and purpose."""

    channel: str
    purpose: str
    granted: bool


@dataclass(frozen=True)
class PageViewed:
    """A person opened a page of ours."""

    url: str
    title: str = ""


OWNER = "records_customers"
ERASURES = "erasures"
"""Name of the register, outside the database, of who was erased."""
FACTS = (
    FactType("customer.created", 1, OWNER, CustomerCreated, _("Became a customer")),
    FactType("customer.identified", 1, OWNER, CustomerIdentified, _("Identity found")),
    FactType("customer.merged", 1, OWNER, CustomerMerged, _("Customers merged")),
    FactType("customer.unmerged", 1, OWNER, CustomerUnmerged, _("Merge undone")),
    FactType("customer.tagged", 1, OWNER, CustomerTagged, _("Tagged"), personal=("tag",)),
    FactType("customer.untagged", 1, OWNER, CustomerUntagged, _("Tag removed"), personal=("tag",)),
    FactType("customer.assigned", 1, OWNER, CustomerAssigned, _("Steward assigned"), personal=("reason",)),
    FactType("customer.updated", 1, OWNER, CustomerUpdated, _("Profile changed"), timeline=False),
    FactType("customer.erased", 1, OWNER, CustomerErased, _("Personal data erased"), timeline=False),
    FactType("contact.added", 1, OWNER, ContactAdded, _("Became friends")),
    FactType("contact.ended", 1, OWNER, ContactEnded, _("Friend relation ended")),
    FactType("consent.changed", 1, OWNER, ConsentChanged, _("Consent changed")),
    FactType(
        "page.viewed",
        1,
        OWNER,
        PageViewed,
        _("Viewed a page"),
        ingestible=True,
        personal=("url", "title"),
    ),
)
