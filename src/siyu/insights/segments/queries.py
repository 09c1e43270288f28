"""Reading segments, members and live counts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments.check import check_tree
from siyu.insights.segments.compile import MEMBERSHIP, OPEN, Query
from siyu.insights.segments.contracts import BuildState, Definition, MemberView, Preview, SegmentView
from siyu.insights.segments.evaluate import judge
from siyu.insights.segments.models import Segment, SegmentVersion
from siyu.insights.segments.rules import dependencies, parse_tree
from siyu.kit.errors import NotFound
from siyu.kit.pagination import Page
from siyu.records.customers import api as customers
from siyu.records.staff.contracts import EVERYTHING, Scope

SAMPLE = 5
LARGE = 50_000
JUDGED = 10_000


def segments(*, scope: Scope = EVERYTHING, include_archived: bool = False) -> list[SegmentView]:
    """All segments by name, ``members`` counted within the scope."""
    rows = Segment.objects.order_by("name", "pk")
    return _views(list(rows if include_archived else rows.filter(archived_at__isnull=True)), scope)


def get_segment(segment_id: int, *, scope: Scope = EVERYTHING) -> SegmentView:
    """One segment, archived ones too; NotFound when there is none."""
    found = _views(list(Segment.objects.filter(pk=segment_id)), scope)
    if not found:
        raise NotFound("segment_not_found", _("There is no such segment."))
    return found[0]


def preview_count(definition: Definition, *, scope: Scope, at: datetime) -> Preview:
    """How many people in scope a definition would hold now. Raises BadInput like ``create_segment``.

    With many customers and a condition on facts, which has to look into each person's history, a sample of
    about ``JUDGED`` people is judged and the count is an estimate; see ``Preview``.
    """
    tree = parse_tree(definition)
    check_tree(tree)
    fragment = cards.scope_fragment(scope)
    [(total,)] = foundation.fetch(
        f"SELECT count(*) FROM {cards.RELATION} c WHERE {fragment.text}", fragment.params
    )
    only: list[int] | None = None
    if total > LARGE and dependencies(tree).fact_names:
        only = _chosen(fragment, max(1, total // JUDGED))
    query = Query(at, only)
    truth = query.add(tree).truth
    source = query.source()
    joint = "AND" if only is not None else "WHERE"
    within = _bound(query, fragment)
    [(count, sample)] = foundation.fetch(
        f"WITH n AS MATERIALIZED (SELECT c.customer_id {source} {joint} {within} AND {truth})"
        f" SELECT (SELECT count(*) FROM n), ARRAY(SELECT customer_id FROM n ORDER BY customer_id DESC LIMIT {SAMPLE})",
        query.params,
    )
    if only is None:
        return Preview(count, total, tuple(sample))
    return Preview(round(total * count / max(1, len(only))), total, tuple(sample), len(only))


def _chosen(fragment: cards.Fragment, one_in: int) -> list[int]:
    """One in so many of the scope's people, by a hash of their number: the same ones each time."""
    rows = foundation.fetch(
        f"SELECT c.customer_id FROM {cards.RELATION} c"
        f" WHERE mod(hashint8extended(c.customer_id, 7) & 1073741823, %s) = 0 AND {fragment.text}",
        [one_in, *fragment.params],
    )
    return [row[0] for row in rows]


def matching(definition: Definition, customer_ids: Sequence[int], *, at: datetime) -> frozenset[int]:
    """Those of ``customer_ids`` for whom the definition holds at ``at`` (for branches of journeys)."""
    verdicts = judge({0: parse_tree(definition)}, list(customer_ids), as_of=at)
    return frozenset(customer for (_segment, customer), verdict in verdicts.items() if verdict.holds)


def member_ids(
    segment_id: int, customer_ids: Sequence[int] | None = None, *, limit: int | None = None
) -> frozenset[int]:
    """Members now, out of ``customer_ids`` where given."""
    only = "" if customer_ids is None else " AND customer_id = ANY(%s)"
    params: list[Any] = [segment_id, *([] if customer_ids is None else [list(customer_ids)]), limit]
    rows = foundation.fetch(
        f"SELECT customer_id FROM {MEMBERSHIP} WHERE segment_id = %s AND {OPEN}{only} ORDER BY customer_id LIMIT %s",
        params,
    )
    return frozenset(row[0] for row in rows)


def members(
    segment_id: int,
    *,
    scope: Scope,
    at: datetime,
    page: int = 1,
    size: int = 50,
    sort: str = "-created_at",
    search: str = "",
) -> Page[cards.CardView]:
    """A page of the members now within the scope."""
    return cards.list_cards(
        scope, (), sort, page, at=at, size=size, search=search, restrict=member_fragment(segment_id)
    )


def member_fragment(segment_id: int) -> cards.Fragment:
    """Membership as a condition over the card ``c``, for lists filtered by segment."""
    return cards.Fragment(
        f"c.customer_id IN (SELECT m.customer_id FROM {MEMBERSHIP} m WHERE m.segment_id = %s"
        " AND m.valid_to IS NULL AND m.known_to IS NULL)",
        (segment_id,),
    )


def memberships(
    customer_id: int, *, scope: Scope, true_at: datetime | None = None, known_at: datetime | None = None
) -> list[MemberView]:
    """The segments a customer is in: now, or those true at one moment as known at another.

    ``known_at`` None means as known now; ``true_at`` None means still true as far as known then.
    NotFound when the customer is out of scope.
    """
    if not customers.in_scope([customer_id], scope):
        raise NotFound("customer_not_found", _("There is no such customer."))
    known = (
        "m.known_to IS NULL"
        if known_at is None
        else "m.known_from <= %(known)s AND (m.known_to IS NULL OR m.known_to > %(known)s)"
    )
    true = (
        "m.valid_to IS NULL"
        if true_at is None
        else "m.valid_from <= %(true)s AND (m.valid_to IS NULL OR m.valid_to > %(true)s)"
    )
    rows = foundation.fetch(
        "SELECT m.segment_id, s.name, m.customer_id, m.valid_from, m.valid_to, m.known_from, m.cause_fact_id"
        f" FROM {MEMBERSHIP} m JOIN insights_segments_segment s ON s.id = m.segment_id"
        f" WHERE m.customer_id = %(customer)s AND s.archived_at IS NULL AND {known} AND {true} ORDER BY s.name",
        {"customer": customer_id, "true": true_at, "known": known_at},
    )
    return [MemberView(*row) for row in rows]


def _bound(query: Query, fragment: cards.Fragment) -> str:
    return query.fill(fragment.text, fragment.params)


def _views(rows: Sequence[Segment], scope: Scope) -> list[SegmentView]:
    if not rows:
        return []
    ids = [row.pk for row in rows]
    fragment = cards.scope_fragment(scope)
    counts = dict(
        foundation.fetch(
            f"SELECT c.segment_id, count(*) FROM {MEMBERSHIP} c WHERE c.segment_id = ANY(%s)"
            f" AND c.valid_to IS NULL AND c.known_to IS NULL AND ({fragment.text}) GROUP BY 1",
            [ids, *fragment.params],
        )
    )
    definitions = {
        (v.segment_id, v.version): v.definition for v in SegmentVersion.objects.filter(segment_id__in=ids)
    }
    return [
        SegmentView(
            id=row.pk,
            key=row.key or "",
            name=row.name,
            description=row.description,
            version=row.version,
            definition=definitions[row.pk, row.version],
            members=counts.get(row.pk, 0),
            state=BuildState(row.state),
            error=row.error,
            built_at=row.built_at,
            build_ms=row.build_ms,
            created_at=row.created_at,
            archived_at=row.archived_at,
        )
        for row in rows
    ]
