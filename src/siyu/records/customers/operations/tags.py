"""Tags: words by which customers are marked, with history."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.customers import rules
from siyu.records.customers.contracts import OWNER, CustomerTagged, CustomerUntagged
from siyu.records.customers.queries.map import anchors_of

TAG_LIMIT = 60

_ADD = """
INSERT INTO records_customers_customertag (customer_id, tag_id, since, source)
SELECT DISTINCT c.root_id, t.id, %(at)s::timestamptz, %(source)s
FROM unnest(%(customers)s::bigint[], %(tags)s::text[]) AS n(customer_id, name)
JOIN records_customers_customer c ON c.id = n.customer_id AND c.erased_at IS NULL
JOIN records_customers_tag t ON t.name = n.name
WHERE NOT EXISTS (
    SELECT 1 FROM records_customers_customer member
    JOIN records_customers_customertag x ON x.customer_id = member.id AND x.tag_id = t.id AND x.until IS NULL
    WHERE member.root_id = c.root_id)
ORDER BY 1, 2 ON CONFLICT DO NOTHING
RETURNING id, customer_id, tag_id
"""

_END = """
UPDATE records_customers_customertag x SET until = greatest(x.since, %(at)s)
FROM unnest(%(customers)s::bigint[], %(tags)s::text[]) AS n(customer_id, name)
JOIN records_customers_customer asked ON asked.id = n.customer_id
JOIN records_customers_customer member ON member.root_id = asked.root_id
JOIN records_customers_tag t ON t.name = n.name
WHERE x.customer_id = member.id AND x.tag_id = t.id AND x.until IS NULL
RETURNING x.id, asked.root_id, x.tag_id
"""


def tag(
    customer_ids: Iterable[int],
    tag_name: str,
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
    cause: facts.Fact | None = None,
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
    cause: facts.Fact | None = None,
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
    rows = foundation.fetch(
        _ADD,
        {
            "at": at,
            "source": source[:80],
            "customers": [c for c, _n in clean],
            "tags": [n for _c, n in clean],
        },
    )
    return _tell("customer.tagged", rows, at=at, origin=origin, cause=cause)


def untag(
    customer_ids: Iterable[int],
    tag_name: str,
    *,
    at: datetime,
    source: str,
    origin: facts.Origin | None = None,
    cause: facts.Fact | None = None,
) -> list[int]:
    """Take a tag off customers (and all that was merged into them); returns those that had it."""
    clean = _clean([(customer, tag_name) for customer in customer_ids])
    rows = foundation.fetch(
        _END, {"at": at, "customers": [c for c, _n in clean], "tags": [n for _c, n in clean]}
    )
    return [row[0] for row in _tell("customer.untagged", rows, at=at, origin=origin, cause=cause)]


def _clean(pairs: Sequence[tuple[int, str]]) -> list[tuple[int, str]]:
    clean = [(customer, rules.clean_name(name)) for customer, name in pairs]
    for _customer, name in clean:
        if not name or len(name) > TAG_LIMIT:
            raise BadInput("tag.name", _("A tag has 1 to %(limit)s characters."), limit=TAG_LIMIT)
    return clean


def _tell(
    name: str,
    rows: Sequence[tuple[int, int, int]],
    *,
    at: datetime,
    origin: facts.Origin | None,
    cause: facts.Fact | None,
) -> list[tuple[int, str]]:
    """Record one fact per customer and tag; rows are (row id, customer in force, tag id)."""
    if not rows:
        return []
    tags = dict(
        foundation.fetch(
            "SELECT id, name FROM records_customers_tag WHERE id = ANY(%s)",
            [sorted({row[2] for row in rows})],
        )
    )
    anchors = anchors_of(row[1] for row in rows)
    payload = CustomerTagged if name == "customer.tagged" else CustomerUntagged
    first: dict[tuple[int, str], int] = {}
    for number, customer, tag_id in rows:
        pair = (customer, tags[tag_id])
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
                cause=cause,
            )
            for (customer, word), number in sorted(first.items())
        ],
        at=at,
    )
    return sorted(first)
