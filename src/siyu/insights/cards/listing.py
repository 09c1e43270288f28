"""A page of the list of customers, found in a way that fits how many there are and how many are asked for.

Three ways. *Whole*: everybody who fits is found first, counted and put in order; right where few fit. *Walk*:
the index of the order is walked until the page is full; right where many fit. Without any condition the page
is simply cut out. Which one, a sample of one customer in 256 tells, drawn by a hash of the number: the planner
cannot know how conditions depend on each other (an active customer has bought lately) and errs by a factor
of a thousand. Every way answers the same page; only the count differs: beyond ``CAP`` it is "more than".
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from siyu.foundation import api as foundation
from siyu.insights.cards import rules
from siyu.insights.cards.contracts import CardFilter, CardView, FieldKind, Fragment, Op
from siyu.insights.cards.fields import FIELDS
from siyu.insights.cards.operations import RELATION
from siyu.insights.cards.queries import SAMPLED, cards_by_id, more_than, scope_fragment
from siyu.insights.cards.traits import compile_trait, parse_filter
from siyu.kit.errors import BadInput
from siyu.kit.pagination import Page
from siyu.records.customers import api as customers
from siyu.records.staff.contracts import Scope

CAP = 10_000
PLAIN_CAP = 100_000
DEPTH = 10_000
SIZE_CAP = 200
RARE = 2_000
SOME = 40_000
"""Up to so many that are found by the search table are looked up one by one; beyond, cards are gone through."""
FEW = 20_000
SOME_PAIRS = 80_000
"""Scopes of up to so many pairs of viewer and customer: known by id; looked up one by one where all are asked for."""
LARGE = 20_000
SHORT_WALK = 8_000
WALK = 30_000
LONG_WALK = 400_000
"""Longest walks, in cards: with the scope looked up card by card (a microsecond each), with the scope found once
and compared (a tenth of that each, up to 20 ms before the first), and along an index alone, asking only the scope."""
MANY = 80
"""As many of the sample mean well over ``CAP`` (80 · 256 = 20,480): short of that by six standard deviations."""
SEARCH_TABLE = "insights_cards_cardsearch"


@dataclass(frozen=True)
class Term:
    """One condition over the card ``c``: looked up for each card, and as the set of all who fit.

    ``few``: that set is known and small. ``walk``: the reader's scope has a third shape, for long walks: found once
    and compared with each card.
    """

    each: Fragment
    whole: Fragment
    few: bool = False
    walk: Fragment | None = None


def plain(fragment: Fragment) -> Term:
    """A condition on the card's own columns: both shapes are one."""
    return Term(fragment, fragment)


def list_cards(
    scope: Scope,
    filters: Sequence[CardFilter] = (),
    sort: str = "-created_at",
    page: int = 1,
    *,
    at: datetime,
    size: int = 50,
    search: str = "",
    restrict: Term | None = None,
) -> Page[CardView]:
    """A page of the customers in ``scope`` that pass every filter and the search.

    ``search`` is part of a name, the last four digits of a phone, or a whole phone number. ``sort`` is a
    field's name, with "-" before it for descending; ties go by customer id. ``total`` is exact up to
    10,000 and capped there (without scope, filter and search at 100,000); pages reach 10,000 rows deep,
    beyond that narrow the filters.
    ``restrict`` is a further condition over the card ``c`` from another module's api.
    Raises BadInput for an unknown field, comparison, value, sort or page.
    """
    size = max(1, min(size, SIZE_CAP))
    start = (page - 1) * size
    if page < 1 or start >= DEPTH:
        raise BadInput(
            "page_too_deep", _("The list is shown up to row 10,000; narrow the filters to see more.")
        )
    terms = _terms(scope, filters, search, restrict)
    asked = _Asked(terms, _order(sort), start, size, at, _led(filters, sort))
    if not terms:
        total, cap, ids = _count_all(), PLAIN_CAP, _cut(asked)
    else:
        total, ids = _narrowed(asked)
        cap = CAP
    found = cards_by_id(ids, at=at)
    return Page([found[k] for k in ids if k in found], min(total, cap), page, size, total > cap)


def list_ids(
    scope: Scope,
    filters: Sequence[CardFilter] = (),
    sort: str = "-created_at",
    *,
    at: datetime,
    limit: int,
    search: str = "",
) -> Sequence[int]:
    """The first ``limit`` customers of the whole list, in its order, as of one moment; ``list_cards`` pages it.

    For taking a list home: the ids (8 bytes each) are found by one statement, the cards then read by id, so
    nobody is left out or told twice while orders arrive and the order of the list moves. Ask for one more
    than wanted to learn whether there are more. Raises BadInput as ``list_cards`` does.
    """
    asked = _Asked(_terms(scope, filters, search), _order(sort), 0, max(0, limit), at)
    return array("q", _ordered(asked) if asked.terms else _cut(asked))


def _terms(
    scope: Scope, filters: Sequence[CardFilter], search: str, restrict: Term | None = None
) -> list[Term]:
    terms = [_condition(f) for f in filters]
    terms += [] if restrict is None else [restrict]
    terms += _search(search, scope)
    return terms + _scope(scope, known_few=any(term.few for term in terms))


@dataclass(frozen=True)
class _Order:
    """One index order: the card's column and its direction."""

    column: str
    descending: bool

    def by(self, key: str, number: str) -> str:
        """The ORDER BY over a column ``key`` with ties by ``number``."""
        if self.descending:
            return f"{key} DESC NULLS LAST, {number} DESC"
        return f"{key} ASC NULLS FIRST, {number} ASC"


@dataclass(frozen=True)
class _Asked:
    """What page of what list."""

    terms: Sequence[Term]
    order: _Order
    start: int
    size: int
    at: datetime
    led: Fragment = Fragment("TRUE")

    def where(self, *, each: bool, long: bool = False) -> tuple[str, list[Any]]:
        """All conditions in one shape, the cheap ones first, and their parameters; ``long``: for a long walk."""
        parts = [(long and term.walk or term.each) if each else term.whole for term in self.terms]
        return " AND ".join(f"({part.text})" for part in parts), [v for part in parts for v in part.params]


_AS_OF = "CROSS JOIN (SELECT %s::timestamptz AS as_of) t"


def _led(filters: Sequence[CardFilter], sort: str) -> Fragment:
    """A stage by the last order: that order goes against the stage, or with it, and an index serves both at once."""
    if sort.removeprefix("-") == "last_order_at":
        for one in filters:
            if one.field == "stage" and one.op is Op.IS:
                return compile_trait(parse_filter(one.field, one.op, one.value))
    return Fragment("TRUE")


def _narrowed(asked: _Asked) -> tuple[int, list[int]]:
    """How many fit (one more than ``CAP`` where many more do) and the ids of the page."""
    if any(term.few for term in asked.terms) or not more_than(LARGE):
        return _whole(asked)
    where, params = asked.where(each=True)
    [(hits, judged)] = foundation.fetch(
        f"SELECT count(*) FILTER (WHERE {where}), count(*) FROM {RELATION} c {_AS_OF} WHERE {SAMPLED}",
        [*params, asked.at],
    )
    if hits < MANY:
        return _whole(asked)
    alone = all(term.walk for term in asked.terms)
    scoped = any(term.walk for term in asked.terms)
    wanted = (asked.start + asked.size) * judged / hits
    ways = [(SHORT_WALK, False), (LONG_WALK if alone else WALK, True)] if scoped else [(WALK, False)]
    for cards, long in ways:
        ids = _walk(asked, cards, long=long) if wanted <= cards else []
        if len(ids) == asked.size:
            return CAP + 1, ids
    return CAP + 1, _ordered(asked)


def _count_all() -> int:
    return int(
        foundation.fetch(f"SELECT count(*) FROM (SELECT FROM {RELATION} LIMIT {PLAIN_CAP + 1}) n")[0][0]
    )


def _cut(asked: _Asked) -> list[int]:
    rows = foundation.fetch(
        f"SELECT c.customer_id FROM {RELATION} c ORDER BY {asked.order.by('c.' + asked.order.column, 'c.customer_id')}"
        " LIMIT %s OFFSET %s",
        [asked.size, asked.start],
    )
    return [row[0] for row in rows]


def _whole(asked: _Asked) -> tuple[int, list[int]]:
    where, params = asked.where(each=False)
    [(total, ids)] = foundation.fetch(
        f"WITH m AS MATERIALIZED (SELECT c.customer_id, c.{asked.order.column} AS key FROM {RELATION} c {_AS_OF} WHERE {where})"
        " SELECT (SELECT count(*) FROM m), ARRAY(SELECT customer_id FROM m"
        f" ORDER BY {asked.order.by('key', 'customer_id')} LIMIT %s OFFSET %s)",
        [asked.at, *params, asked.size, asked.start],
    )
    return total, ids


def _ordered(asked: _Asked) -> list[int]:
    """The page of a long list whose order the walk did not serve: all are looked at, only the page is kept."""
    where, params = asked.where(each=False)
    # OFFSET 0 keeps the planner from walking the index of the order after all
    rows = foundation.fetch(
        f"SELECT customer_id FROM (SELECT c.customer_id, c.{asked.order.column} AS key FROM {RELATION} c {_AS_OF}"
        f" WHERE {where} OFFSET 0) m ORDER BY {asked.order.by('key', 'customer_id')} LIMIT %s OFFSET %s",
        [asked.at, *params, asked.size, asked.start],
    )
    return [row[0] for row in rows]


def _walk(asked: _Asked, cards: int, *, long: bool) -> list[int]:
    """The page, if it is full within so many cards of the order; else fewer ids than a page."""
    where, params = asked.where(each=True, long=long)
    order = asked.order.by("c." + asked.order.column, "c.customer_id")
    rows = foundation.fetch(
        f"SELECT c.customer_id FROM (SELECT * FROM {RELATION} c WHERE {asked.led.text} ORDER BY {order} LIMIT %s) c"
        f" {_AS_OF} WHERE {where} ORDER BY {order} LIMIT %s OFFSET %s",
        [*asked.led.params, cards, asked.at, *params, asked.size, asked.start],
    )
    return [row[0] for row in rows]


def _order(sort: str) -> _Order:
    name, descending = sort.removeprefix("-"), sort.startswith("-")
    field = FIELDS.get(name)
    if field is None or not field.sortable:
        raise BadInput("unknown_sort", _("The list cannot be sorted by “%(name)s”."), name=name[:50])
    return _Order(name, descending)


def _scope(scope: Scope, *, known_few: bool) -> list[Term]:
    """The reader's scope, last of all: it is the dearest to look up card by card."""
    if scope.all:
        return []
    if known_few:
        return [plain(scope_fragment(scope, each=True))]
    ids = customers.few_in_scope(scope, FEW)
    if ids is not None:
        return [_ids(ids)]
    small = customers.pairs_in_scope(scope, SOME_PAIRS) <= SOME_PAIRS
    each, whole = scope_fragment(scope, each=True), scope_fragment(scope)
    return [Term(each, scope_fragment(scope, small=True) if small else whole, walk=whole)]


def _ids(ids: Sequence[int]) -> Term:
    fragment = Fragment("c.customer_id = ANY(%s::bigint[])", (foundation.array(ids),))
    return Term(fragment, fragment, few=True)


def _condition(condition: CardFilter) -> Term:
    """A list's filter; tags are looked up in the search table, whose index the hot row does not carry."""
    checked = parse_filter(condition.field, condition.op, condition.value)
    if FIELDS[checked.field].kind is FieldKind.TAGS and checked.op is Op.HAS:
        return _looked_up("tags @> ARRAY[%s]::text[]", [checked.value], compile_trait(checked))
    return plain(compile_trait(checked))


def _looked_up(found_by: str, params: list[Any], each: Fragment, check: Fragment | None = None) -> Term:
    """A condition that the search table's indexes answer; ``check`` is what they leave open."""
    sql = f"SELECT customer_id FROM {SEARCH_TABLE} WHERE {found_by}"
    rows = foundation.fetch(f"SELECT customer_id FROM ({sql}) n LIMIT {RARE + 1}", params)
    some = few = len(rows) <= RARE
    if few:
        whole = _ids([row[0] for row in rows]).whole
    else:
        [(found,)] = foundation.fetch(f"SELECT count(*) FROM ({sql} LIMIT {SOME + 1}) n", params)
        some = found <= SOME
        # As an array the planner takes it for short, and looks the cards up.
        found_in = f"ANY(ARRAY({sql}))" if some else f"ANY({sql})"
        whole = Fragment(f"c.customer_id = {found_in}", tuple(params))
    if check is not None:
        whole = Fragment(f"{whole.text} AND ({check.text})", (*whole.params, *check.params))
    return Term(whole if some else each, whole, some)


def _search(search: str, scope: Scope) -> list[Term]:
    text = search.strip()[:100].replace("\0", "")
    if not text:
        return []
    phone = rules.as_phone(text)
    if phone:
        found = customers.find_customer(
            customers.IdentityRef(customers.IdentityKind.PHONE, phone), scope=scope
        )
        return [_ids([found or 0])]
    name = rules.normal_name(text)
    found_by = "grams @> %s::text[]"
    params: list[Any] = [rules.query_grams(text)]
    exact, checks = "strpos(lower(regexp_replace(c.name, '[[:space:]]', '', 'g')), %s) > 0", [name]
    if len(text) == 4 and text.isdigit():
        found_by, params = f"({found_by} OR phone_tail = %s)", [*params, text]
        exact, checks = f"({exact} OR right(c.phone_masked, 4) = %s)", [*checks, text]
    check = Fragment(exact, tuple(checks))
    # up to three characters a run in the index is the search itself
    return [_looked_up(found_by, params, check, None if len(name) <= 3 else check)]
