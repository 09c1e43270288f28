"""Tags: words by which customers are marked, with history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.customers import rules
from siyu.records.customers.contracts import OWNER, Cause, CustomerTagged, CustomerUntagged, cause_of
from siyu.records.customers.queries.map import anchors_of, current_ids

TAG_LIMIT = 60

_OPEN = """
SELECT m.root_id, x.tag_id, x.id FROM records_customers_customertag x
JOIN records_customers_customer m ON m.id = x.customer_id
WHERE x.customer_id = ANY(%s) AND x.tag_id = ANY(%s) AND x.until IS NULL ORDER BY x.id
"""


def tag(
    customer_ids: Iterable[int],
    tag_name: str,
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
    cause: Cause = None,
) -> list[int]:
    """Put a tag on customers; returns the customers in force that did not have it (see ``tag_many``)."""
    pairs = [(customer, tag_name) for customer in customer_ids]
    return [row[0] for row in tag_many(pairs, at=at, source=source, origin=origin, cause=cause)]


def tag_many(
    pairs: Sequence[tuple[int, str]],
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
    cause: Cause = None,
) -> list[tuple[int, str]]:
    """Put tags on customers, (customer, tag name) pairs; returns those that were new, sorted.

    Unknown tags are made. Raises BadInput("tag.name") for an empty name or one above 60 characters.
    """
    clean = _clean(pairs)
    if not clean:
        return []
    names = sorted({name for _customer, name in clean})
    foundation.execute(
        "INSERT INTO records_customers_tag (name, created_at) SELECT n, %s FROM unnest(%s::text[]) AS n"
        " ORDER BY 1 ON CONFLICT DO NOTHING",
        [at, names],
    )
    tags = _ids(names)
    roots, members = _groups([customer for customer, _name in clean], erased=False)
    carried = {(root, tag_id) for root, tag_id, _row in _open(members, tags)}
    wanted = sorted({(roots[c], tags[name]) for c, name in clean if c in roots} - carried)
    rows = foundation.fetch(
        """INSERT INTO records_customers_customertag (customer_id, tag_id, since, source)
           SELECT n.*, %s, %s FROM unnest(%s::bigint[], %s::bigint[]) AS n ORDER BY 1, 2
           ON CONFLICT DO NOTHING RETURNING id, customer_id, tag_id""",
        [at, source[:80], [root for root, _tag in wanted], [tag_id for _root, tag_id in wanted]],
    )
    return _tell("customer.tagged", rows, tags, at=at, origin=origin, cause=cause)


def untag(
    customer_ids: Iterable[int],
    tag_name: str,
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
    cause: Cause = None,
) -> list[int]:
    """Take a tag off customers (and all that was merged into them); returns those that had it."""
    clean = _clean([(customer, tag_name) for customer in customer_ids])
    tags = _ids([name for _customer, name in clean[:1]])
    _roots, members = _groups([customer for customer, _name in clean], erased=True)
    carried = _open(members, tags)
    ended = foundation.fetch(
        "UPDATE records_customers_customertag SET until = greatest(since, %s)"
        " WHERE id = ANY(%s) AND until IS NULL RETURNING id",
        [at, [row for _root, _tag, row in carried]],
    )
    gone = {row[0] for row in ended}
    rows = [(row, root, tag_id) for root, tag_id, row in carried if row in gone]
    return [row[0] for row in _tell("customer.untagged", rows, tags, at=at, origin=origin, cause=cause)]


def _ids(names: Sequence[str]) -> dict[str, int]:
    return dict(
        foundation.fetch("SELECT name, id FROM records_customers_tag WHERE name = ANY(%s)", [list(names)])
    )


def _groups(customer_ids: Iterable[int], *, erased: bool) -> tuple[dict[int, int], list[int]]:
    """(customer → customer in force, everybody merged with them); erased ones only when asked for."""
    roots = current_ids(customer_ids)
    rows = foundation.fetch(
        "SELECT id, root_id, erased_at IS NULL OR %s FROM records_customers_customer WHERE root_id = ANY(%s)",
        [erased, sorted(set(roots.values()))],
    )
    wanted = {root for _member, root, counts in rows if counts}
    return {c: root for c, root in roots.items() if root in wanted}, [row[0] for row in rows]


def _open(members: Sequence[int], tags: dict[str, int]) -> list[tuple[int, int, int]]:
    """(customer in force, tag id, row id) of the tags that the group carries now, oldest first."""
    return [
        (root, tag_id, row)
        for root, tag_id, row in foundation.fetch(_OPEN, [list(members), list(tags.values())])
    ]


def _clean(pairs: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    clean = [(customer, rules.clean_name(name)) for customer, name in pairs]
    for _customer, name in clean:
        if not name or len(name) > TAG_LIMIT:
            raise BadInput("tag.name", _("A tag has 1 to %(limit)s characters."), limit=TAG_LIMIT)
    return clean


def _tell(
    name: str,
    rows: Sequence[tuple[int, int, int]],
    tags: dict[str, int],
    *,
    at: datetime,
    origin: facts.Origin | None,
    cause: Cause,
) -> list[tuple[int, str]]:
    """Record one fact per customer and tag; rows are (row id, customer in force, tag id)."""
    if not rows:
        return []
    words = {tag_id: word for word, tag_id in tags.items()}
    anchors = anchors_of(row[1] for row in rows)
    payload = CustomerTagged if name == "customer.tagged" else CustomerUntagged
    first: dict[tuple[int, str], int] = {}
    for number, customer, tag_id in rows:
        pair = (customer, words[tag_id])
        first[pair] = min(number, first.get(pair, number))
    facts.record(
        [
            facts.NewFact(
                name=name,
                payload=payload(customer, word),
                occurred_at=at,
                subject_id=anchors[customer],
                source=OWNER,
                external_id=f"tag:{number}:{'on' if payload is CustomerTagged else 'off'}",
                origin=origin,
                cause=cause_of(cause, customer),
            )
            for (customer, word), number in sorted(first.items())
        ],
        at=at,
    )
    return sorted(first)
