"""What crosses the ledger's door: accounts, transfers, what became of them, and the fact of points."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from siyu.facts.api import Fact, FactType

POINTS = "points"
CUSTOMER = "customer"
MERGE, UNMERGE = MERGING = ("customer.merge", "customer.unmerge")
"""Kinds of the transfers by which a merge, and its undoing, move a balance."""


class TransferState(StrEnum):
    """A pending transfer holds what its debits need; posted counts; void never counted."""

    PENDING = "pending"
    POSTED = "posted"
    VOID = "void"


class PostStatus(StrEnum):
    """What became of one transfer of a batch; everything but NEW left no trace."""

    NEW = "new"
    SAME = "same"  # this key is posted already, with the same content
    INSUFFICIENT = "insufficient"  # a customer's account would fall below zero
    EXCEEDS = "exceeds"  # reverses more than is left of the original
    NOT_REVERSIBLE = "not_reversible"  # the original is unknown or not posted


@dataclass(frozen=True, slots=True)
class AccountRef:
    """Names an account; it is opened by the first transfer that touches it.

    ``owner_kind`` "customer" has a cached, guarded balance; every other kind is a system account.
    """

    owner_kind: str
    owner_id: int = 0
    kind: str = "main"


def customer_account(customer_id: int) -> AccountRef:
    """The customer's account (one per unit)."""
    return AccountRef(CUSTOMER, customer_id)


def system_account(kind: str) -> AccountRef:
    """A brand-wide account such as "issued" (where points come from) or "spent"."""
    return AccountRef("system", 0, kind)


def campaign_account(owner_kind: str, owner_id: int) -> AccountRef:
    """The budget account of a journey or campaign: what it gave away is minus its balance."""
    return AccountRef(owner_kind, owner_id, "campaign")


@dataclass(frozen=True, slots=True)
class TransferSpec:
    """One movement; ``legs`` sum to zero, positive is received, in whole units (points, 分).

    ``key`` makes it once: the same key with other content is refused for the whole batch.
    ``reverses_key`` names the original this one takes back, wholly or in part.
    ``allow_negative`` lets a customer's account fall below zero (points of a refunded order that
    were spent already become a debt). ``cause`` is handed on to the recorded fact.
    """

    key: str
    kind: str
    legs: tuple[tuple[AccountRef, int], ...]
    at: datetime
    unit: str = POINTS
    memo: str = ""
    reverses_key: str | None = None
    pending: bool = False
    allow_negative: bool = False
    cause: Fact | None = None


@dataclass(frozen=True, slots=True)
class Posted:
    """Answer for one transfer, in the order of the batch; no id where it was refused."""

    key: str
    status: PostStatus
    transfer_id: int | None = None

    @property
    def ok(self) -> bool:
        """It stands in the books, now or from before."""
        return self.status in (PostStatus.NEW, PostStatus.SAME)


@dataclass(frozen=True, slots=True)
class TransferView:
    """A transfer as it stands; ``amount`` is the sum of its positive legs."""

    id: int
    key: str
    kind: str
    unit: str
    state: TransferState
    amount: int
    reversed_amount: int
    at: datetime
    memo: str


@dataclass(frozen=True, slots=True)
class BalanceView:
    """``posted`` counts; ``held`` is promised to pending transfers; ``available`` may be spent."""

    posted: int
    held: int

    @property
    def available(self) -> int:
        """What may be spent."""
        return self.posted - self.held


@dataclass(frozen=True, slots=True)
class EntryView:
    """One line of a customer's statement, newest first, with the balance after it."""

    id: int
    transfer_id: int
    kind: str
    label: str
    memo: str
    amount: int
    balance_after: int
    state: TransferState
    at: datetime


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something the check found that can only come from a change past the posting function."""

    what: str  # "balance" | "transfer"
    account_id: int | None
    transfer_id: int | None
    expected: int
    found: int


@dataclass(frozen=True)
class PointsPosted:
    """points.posted: a customer's points changed; ``amount`` may be negative."""

    transfer_id: int
    kind: str
    amount: int
    balance_after: int


POINTS_POSTED = FactType(
    name="points.posted", version=1, owner="records_ledger", payload=PointsPosted, label=_("Points")
)
FACTS = (POINTS_POSTED,)
