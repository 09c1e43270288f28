"""Change the subject map: make customers, attach subjects, regroup after merges and their undoing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import rules
from siyu.records.customers.contracts import OWNER, CustomerCreated, CustomerIdentified, IdentityKind
from siyu.records.customers.operations.identities import digest
from siyu.records.customers.operations.sight import see_anew

_CREATE = """
WITH fresh AS MATERIALIZED (
    SELECT nextval(pg_get_serial_sequence('records_customers_customer', 'id')) AS id, n.*
    FROM unnest(%(subjects)s::bigint[], %(phones)s::text[]) AS n(subject_id, phone_masked)
), made AS (
    INSERT INTO records_customers_customer
        (id, anchor_subject_id, root_id, name, avatar, gender, phone_masked, created_at)
    SELECT id, subject_id, id, '', '', '', phone_masked, %(at)s FROM fresh ORDER BY id
), mapped AS (
    INSERT INTO records_customers_subjectmap (subject_id, home_id, customer_id, valid_from)
    SELECT subject_id, id, id, %(at)s FROM fresh
)
SELECT subject_id, id FROM fresh
"""

_CARRY_REFUSALS = """
INSERT INTO records_customers_consent (customer_id, channel, purpose, granted, at, evidence)
SELECT n.customer_id, r.channel, r.purpose, false, %s, 'suppression'
FROM unnest(%s::bytea[], %s::text[], %s::text[], %s::bigint[]) AS n(value_hash, kind, realm, customer_id)
JOIN records_customers_suppression s
  ON s.value_hash = n.value_hash AND s.kind = n.kind AND s.realm = n.realm
CROSS JOIN LATERAL jsonb_to_recordset(s.refused) AS r(channel text, purpose text)
ON CONFLICT DO NOTHING
"""

# As of the erasure, so that what a customer who was there before has said since then counts.
_CARRY_ATTACHED = """
INSERT INTO records_customers_consent (customer_id, channel, purpose, granted, at, evidence)
SELECT n.home_id, r.channel, r.purpose, false, s.at, 'suppression'
FROM unnest(%s::bigint[], %s::bigint[]) AS n(subject_id, home_id)
JOIN records_customers_identity i ON i.subject_id = n.subject_id
JOIN records_customers_suppression s
  ON s.value_hash = i.value_hash AND s.kind = i.kind AND s.realm = i.realm
CROSS JOIN LATERAL jsonb_to_recordset(s.refused) AS r(channel text, purpose text)
ON CONFLICT DO NOTHING
"""


def create_customers(
    anchors: Mapping[rules.Key, int], *, at: datetime, origin: facts.Origin | None
) -> dict[int, int]:
    """A customer for each subject of a strong identity; returns subject → customer and records the facts.

    Refusals that outlived an erasure are carried over to whoever comes back with the same identity.
    """
    if not anchors:
        return {}
    rows = foundation.fetch(
        _CREATE,
        {
            "subjects": foundation.array(anchors.values()),
            "phones": foundation.array(
                rules.mask_phone(key[2]) if key[0] is IdentityKind.PHONE else "" for key in anchors
            ),
            "at": at,
        },
    )
    made: dict[int, int] = dict(rows)
    facts.record(
        [
            facts.NewFact(
                name="customer.created",
                payload=CustomerCreated(made[subject]),
                occurred_at=at,
                subject_id=subject,
                source=OWNER,
                external_id=f"customer:{made[subject]}:created",
                origin=origin,
            )
            for subject in anchors.values()
        ],
        at=at,
    )
    carry_refusals({key: made[subject] for key, subject in anchors.items()}, at=at)
    return made


def carry_refusals(customers: Mapping[rules.Key, int], *, at: datetime) -> None:
    """Note the refusals kept for these identities on their new customers."""
    keys = list(customers)
    foundation.execute(
        _CARRY_REFUSALS,
        [
            at,
            foundation.array(digest(key) for key in keys),
            foundation.array(key[0].value for key in keys),
            foundation.array(key[1] for key in keys),
            foundation.array(customers.values()),
        ],
    )


def attach_subjects(
    attached: Sequence[tuple[int, IdentityKind, int, int]], *, at: datetime, origin: facts.Origin | None
) -> None:
    """Map unmapped subjects (subject, kind, home, customer in force) and record customer.identified.

    Refusals that outlived an erasure are carried over with the identity. The caller holds the customers in force, and the buckets of subjects that were there before.
    """
    if not attached:
        return
    foundation.execute(
        """INSERT INTO records_customers_subjectmap (subject_id, home_id, customer_id, valid_from)
           SELECT n.*, %s FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS n ORDER BY 1""",
        [at, [row[0] for row in attached], [row[2] for row in attached], [row[3] for row in attached]],
    )
    foundation.execute(_CARRY_ATTACHED, [[row[0] for row in attached], [row[2] for row in attached]])
    see_anew(row[3] for row in attached)
    facts.record(
        [
            facts.NewFact(
                name="customer.identified",
                payload=CustomerIdentified(customer, kind.value),
                occurred_at=at,
                subject_id=subject,
                source=OWNER,
                external_id=f"subject:{subject}:home:{home}",
                origin=origin,
            )
            for subject, kind, home, customer in attached
        ],
        at=at,
    )


def note_phones(phones: Mapping[int, str], *, at: datetime) -> None:
    """Show a masked phone on customers that show none yet (home customer → canonical phone)."""
    if phones:
        foundation.execute(
            """UPDATE records_customers_customer c SET phone_masked = n.masked
               FROM unnest(%s::bigint[], %s::text[]) AS n(id, masked)
               WHERE c.id = n.id AND c.phone_masked = '' AND c.erased_at IS NULL""",
            [list(phones), [rules.mask_phone(phone) for phone in phones.values()]],
        )


def regroup(seeds: Iterable[int], *, at: datetime) -> dict[int, dict[int, tuple[int, ...]]]:
    """Bring the map in line with the merges in force around ``seeds`` (whose roots the caller has locked).

    Returns, per former customer in force, the subjects that moved on to each other one.
    """
    nodes, edges = _component(seeds)
    roots = rules.roots_of(nodes, edges)
    foundation.execute(
        """UPDATE records_customers_customer c SET root_id = n.root_id
           FROM unnest(%s::bigint[], %s::bigint[]) AS n(id, root_id) WHERE c.id = n.id AND c.root_id <> n.root_id""",
        [list(roots), list(roots.values())],
    )  # which also locks those who become customers in force of their own
    rows = foundation.fetch(
        """WITH wanted AS (SELECT * FROM unnest(%s::bigint[], %s::bigint[]) AS n(home_id, customer_id)),
           closed AS (
               UPDATE records_customers_subjectmap m SET valid_to = greatest(m.valid_from, %s)
               FROM wanted w WHERE m.home_id = w.home_id AND m.valid_to IS NULL AND m.customer_id <> w.customer_id
               RETURNING m.subject_id, m.home_id, m.customer_id AS former, w.customer_id, m.valid_to),
           opened AS (
               INSERT INTO records_customers_subjectmap (subject_id, home_id, customer_id, valid_from)
               SELECT subject_id, home_id, customer_id, valid_to FROM closed ORDER BY subject_id)
           SELECT former, customer_id, array_agg(subject_id ORDER BY subject_id) FROM closed GROUP BY 1, 2""",
        [list(roots), list(roots.values()), at],
    )
    moved: dict[int, dict[int, tuple[int, ...]]] = {}
    for former, root, subjects in rows:
        moved.setdefault(former, {})[root] = tuple(subjects)
    see_anew(roots)
    return moved


def _component(seeds: Iterable[int]) -> tuple[set[int], list[tuple[int, int]]]:
    """All customers that merges in force join to the seeds, and those merges."""
    start = sorted(set(seeds))
    edges = foundation.fetch(
        """WITH RECURSIVE near AS (
               SELECT s AS id FROM unnest(%s::bigint[]) AS s
               UNION
               SELECT x.id FROM near n CROSS JOIN LATERAL (
                   SELECT merged_id AS id FROM records_customers_merge WHERE kept_id = n.id AND undone_at IS NULL
                   UNION ALL
                   SELECT kept_id FROM records_customers_merge WHERE merged_id = n.id AND undone_at IS NULL) x)
           SELECT x.kept_id, x.merged_id FROM records_customers_merge x
           WHERE x.undone_at IS NULL AND x.kept_id IN (SELECT id FROM near)""",
        [start],
    )
    return {*start, *(node for edge in edges for node in edge)}, [(kept, merged) for kept, merged in edges]
