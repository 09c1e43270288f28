"""Reading segments, members and live counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.insights.cards.contracts import CardView
from siyu.insights.segments.contracts import Definition, MemberView, Preview, SegmentView
from siyu.kit.pagination import Page
from siyu.records.staff.contracts import Scope


def segments(*, scope: Scope, include_archived: bool = False) -> list[SegmentView]:
    """All segments by name, ``members`` counted within the scope."""
    raise NotImplementedError


def get_segment(segment_id: int, *, scope: Scope) -> SegmentView:
    """One segment; NotFound when there is none."""
    raise NotImplementedError


def preview_count(definition: Definition, *, scope: Scope, at: datetime) -> Preview:
    """How many people in scope a definition would hold now. Raises BadInput like ``create_segment``."""
    raise NotImplementedError


def matching(definition: Definition, customer_ids: Sequence[int], *, at: datetime) -> frozenset[int]:
    """Those of ``customer_ids`` for whom the definition holds at ``at``."""
    raise NotImplementedError


def member_ids(
    segment_id: int, customer_ids: Sequence[int] | None = None, *, limit: int | None = None
) -> frozenset[int]:
    """Members now, out of ``customer_ids`` where given."""
    raise NotImplementedError


def members(
    segment_id: int,
    *,
    scope: Scope,
    at: datetime,
    page: int = 1,
    size: int = 50,
    sort: str = "-created_at",
    search: str = "",
) -> Page[CardView]:
    """A page of the members now within the scope."""
    raise NotImplementedError


def memberships(
    customer_id: int, *, scope: Scope, true_at: datetime | None = None, known_at: datetime | None = None
) -> list[MemberView]:
    """The segments a customer is in: now, or those true at one moment as known at another."""
    raise NotImplementedError
