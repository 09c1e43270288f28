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
from siyu.kit.errors import BadInput, NotFound
from siyu.kit.pagination import Page
from siyu.records.customers import api as customers
from siyu.records.staff.contracts import EVERYTHING, Scope

SAMPLE = 5
LARGE = 50_000
JUDGED = 10_000
DEPTH = 10_000
FEW = 20_000


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
    sort: str = "",
    search: str = "",
) -> Page[cards.CardView]:
    """A page of the members now within the scope; without ``sort`` the latest customer numbers come first."""
    if sort or search or page < 1:
        return cards.list_cards(
            scope,
            (),
            sort or "-created_at",
            page,
            at=at,
            size=size,
            search=search,
            restrict=_member_term(segment_id),
        )
    return _by_number(segment_id, scope, at, page, size)


def _by_number(segment_id: int, scope: Scope, at: datetime, page: int, size: int) -> Page[cards.CardView]:
    """Members straight from the index of members, so that no order has to be found for all of them."""
    start = (page - 1) * size
    if start >= DEPTH:
        raise BadInput(
            "page_too_deep", _("The list is shown up to row 10,000; narrow the search to see more.")
        )
    few = customers.few_in_scope(scope, FEW) if not scope.all else None
    within = cards.scope_fragment(scope, each=True)
    if few is not None:
        within = cards.Fragment("c.customer_id = ANY(%s::bigint[])", (foundation.array(few),))
    source = (
        f"SELECT c.customer_id FROM {MEMBERSHIP} c WHERE c.segment_id = %s AND c.valid_to IS NULL AND c.known_to IS NULL"
        f" AND {within.text} ORDER BY c.customer_id DESC"
    )
    params = [segment_id, *within.params]
    # A narrow scope is looked up person by person: there only the next page is looked for.
    counted = DEPTH + 1 if scope.all or few is not None else start + size + 1
    ids = [row[0] for row in foundation.fetch(f"{source} LIMIT %s OFFSET %s", [*params, size, start])]
    [(total,)] = foundation.fetch(f"SELECT count(*) FROM ({source} LIMIT %s) n", [*params, counted])
    found = cards.cards_by_id(ids, at=at, scope=scope)
    return Page([found[k] for k in ids if k in found], min(total, DEPTH), page, size, total == counted)


def member_fragment(segment_id: int) -> cards.Fragment:
    """Membership as a condition over the card ``c``, for lists filtered by segment."""
    return cards.Fragment(
        f"c.customer_id IN (SELECT m.customer_id FROM {MEMBERSHIP} m WHERE m.segment_id = %s"
        " AND m.valid_to IS NULL AND m.known_to IS NULL)",
        (segment_id,),
    )


def _member_term(segment_id: int) -> cards.Term:
    """Membership in both shapes."""
    each = cards.Fragment(
        f"(SELECT 1 FROM {MEMBERSHIP} m WHERE m.segment_id = %s AND m.customer_id = c.customer_id"
        " AND m.valid_to IS NULL AND m.known_to IS NULL LIMIT 1) IS NOT NULL",
        (segment_id,),
    )
    return cards.Term(each, member_fragment(segment_id))


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
    counts, estimated = _counts(ids, scope)
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
            estimated=estimated,
            state=BuildState(row.state),
            error=row.error,
            built_at=row.built_at,
            build_ms=row.build_ms,
            created_at=row.created_at,
            archived_at=row.archived_at,
        )
        for row in rows
    ]


def _counts(ids: Sequence[int], scope: Scope) -> tuple[dict[int, int], bool]:
    """Members in scope by segment; and whether they are estimated, as a large scope's are."""
    factor, fragment = 1, cards.Fragment("TRUE")
    few = customers.few_in_scope(scope, FEW) if not scope.all else None
    if few is not None:
        fragment = cards.Fragment("c.customer_id = ANY(%s::bigint[])", (foundation.array(few),))
    elif not scope.all:
        factor = cards.SAMPLE
        within = cards.scope_fragment(scope, each=True)
        text = f"SELECT c.customer_id FROM {cards.RELATION} c WHERE {cards.SAMPLED} AND {within.text}"
        chosen = [row[0] for row in foundation.fetch(text, within.params)]
        fragment = cards.Fragment("c.customer_id = ANY(%s::bigint[])", (foundation.array(chosen),))
    rows = foundation.fetch(
        f"SELECT c.segment_id, count(*) FROM {MEMBERSHIP} c WHERE c.segment_id = ANY(%s)"
        f" AND c.valid_to IS NULL AND c.known_to IS NULL AND {fragment.text} GROUP BY 1",
        [list(ids), *fragment.params],
    )
    return {segment: factor * count for segment, count in rows}, factor > 1
