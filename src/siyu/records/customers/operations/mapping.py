"""Change the subject map: make customers, attach subjects, move and restore whole groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import rules
from siyu.records.customers.contracts import OWNER, CustomerCreated, CustomerIdentified, IdentityKind
from siyu.records.customers.models import Customer
from siyu.records.customers.operations.identities import digest

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
            "subjects": list(anchors.values()),
            "phones": [rules.mask_phone(key[2]) if key[0] is IdentityKind.PHONE else "" for key in anchors],
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
            [digest(key) for key in keys],
            [key[0].value for key in keys],
            [key[1] for key in keys],
            list(customers.values()),
        ],
    )


def attach_subjects(
    attached: Sequence[tuple[int, IdentityKind, int, int]], *, at: datetime, origin: facts.Origin | None
) -> None:
    """Map unmapped subjects (subject, kind, home, customer in force) and record customer.identified.

    The caller holds the lock on the customers in force.
    """
    if not attached:
        return
    foundation.execute(
        """INSERT INTO records_customers_subjectmap (subject_id, home_id, customer_id, valid_from)
           SELECT n.*, %s FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS n ORDER BY 1""",
        [at, [row[0] for row in attached], [row[2] for row in attached], [row[3] for row in attached]],
    )
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


def lock_roots(customer_ids: Iterable[int]) -> dict[int, int]:
    """Lock the customers in force behind these ids (id order); returns id → root, true while locked."""
    wanted = sorted(set(customer_ids))
    locked: set[int] = set()
    while True:
        rows = foundation.fetch(
            "SELECT id, root_id FROM records_customers_customer WHERE id = ANY(%s)", [wanted]
        )
        roots: dict[int, int] = dict(rows)
        missing = set(roots.values()) - locked
        if not missing:
            return roots
        locked.update(foundation.lock_rows(Customer, sorted(missing)))


def move_group(merged_id: int, kept_id: int, *, at: datetime) -> list[int]:
    """Everything that belongs to root ``merged_id`` now belongs to root ``kept_id``; the moved subjects."""
    foundation.execute(
        """UPDATE records_customers_customer
           SET root_id = %(kept)s, merged_into_id = CASE WHEN id = %(merged)s THEN %(kept)s ELSE merged_into_id END
           WHERE root_id = %(merged)s""",
        {"kept": kept_id, "merged": merged_id},
    )
    return _remap("customer_id = %(group)s", {"group": merged_id, "to": kept_id, "at": at})


def restore_group(merged_id: int, *, at: datetime) -> list[int]:
    """``merged_id`` is a root again, with all that was merged into it; the subjects that came back."""
    members = [
        row[0]
        for row in foundation.fetch(
            """WITH RECURSIVE below AS (
                   SELECT %s::bigint AS id
                   UNION SELECT c.id FROM records_customers_customer c JOIN below b ON c.merged_into_id = b.id)
               SELECT id FROM below""",
            [merged_id],
        )
    ]
    foundation.execute(
        """UPDATE records_customers_customer
           SET root_id = %(root)s, merged_into_id = CASE WHEN id = %(root)s THEN NULL ELSE merged_into_id END
           WHERE id = ANY(%(members)s)""",
        {"root": merged_id, "members": members},
    )
    return _remap("home_id = ANY(%(group)s)", {"group": members, "to": merged_id, "at": at})


def _remap(where: str, params: dict[str, object]) -> list[int]:
    """Close the open map rows of a group and open them towards another customer."""
    rows = foundation.fetch(
        f"""WITH closed AS (
               UPDATE records_customers_subjectmap SET valid_to = greatest(valid_from, %(at)s)
               WHERE {where} AND valid_to IS NULL RETURNING subject_id, home_id, valid_to)
           INSERT INTO records_customers_subjectmap (subject_id, home_id, customer_id, valid_from)
           SELECT subject_id, home_id, %(to)s, valid_to FROM closed ORDER BY subject_id RETURNING subject_id""",
        params,
    )
    return sorted(row[0] for row in rows)
