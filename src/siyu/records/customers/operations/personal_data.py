"""Export and erase everything the house keeps about one person, by walking the registry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import NotFound
from siyu.records.customers.contracts import OWNER, CustomerErased, ErasureReceipt
from siyu.records.customers.models import Erasure
from siyu.records.customers.operations.locks import lock_roots
from siyu.records.customers.queries.map import anchors_of
from siyu.records.customers.queries.scope import in_scope
from siyu.records.customers.registry import PERSONAL, Person
from siyu.records.staff.contracts import Scope

_SUPPRESS = """
INSERT INTO records_customers_suppression (kind, realm, value_hash, refused, at)
SELECT i.kind, i.realm, i.value_hash, refused.list, %(at)s
FROM records_customers_identity i
CROSS JOIN (
    SELECT jsonb_agg(jsonb_build_object('channel', channel, 'purpose', purpose)) AS list FROM (
        SELECT DISTINCT ON (channel, purpose) channel, purpose, granted FROM records_customers_consent
        WHERE customer_id = ANY(%(customers)s) ORDER BY channel, purpose, at DESC, granted
    ) latest WHERE NOT granted
) refused
WHERE i.subject_id = ANY(%(subjects)s) AND refused.list IS NOT NULL
ON CONFLICT (value_hash, kind, realm) DO UPDATE SET refused = excluded.refused, at = excluded.at
"""

_REFUSED = """
SELECT kind, realm, encode(value_hash, 'hex') AS value_hash, refused FROM records_customers_suppression
WHERE at = ANY(%s) ORDER BY id
"""
_REFUSE_AGAIN = """
INSERT INTO records_customers_suppression (kind, realm, value_hash, refused, at)
SELECT kind, realm, decode(value_hash, 'hex'), refused, %s
FROM jsonb_to_recordset(%s::jsonb) AS r(kind text, realm text, value_hash text, refused jsonb)
ON CONFLICT (value_hash, kind, realm) DO UPDATE SET refused = excluded.refused
"""


def _person(customer_id: int, scope: Scope) -> Person:
    if customer_id not in in_scope([customer_id], scope):
        raise NotFound("customer.not_found", _("There is no such customer."))
    root = lock_roots([customer_id])[customer_id]
    members = foundation.fetch(
        "SELECT id FROM records_customers_customer WHERE root_id = %s ORDER BY id", [root]
    )
    subjects = foundation.fetch(
        "SELECT subject_id FROM records_customers_subjectmap"
        " WHERE customer_id = %s AND valid_to IS NULL ORDER BY subject_id",
        [root],
    )
    return Person(root, tuple(row[0] for row in members), tuple(row[0] for row in subjects))


def export_customer(
    customer_id: int, *, scope: Scope, at: datetime, by: foundation.Principal
) -> dict[str, list[dict[str, object]]]:
    """Everything every module keeps about a person, JSON-able rows by model label; audited.

    Raises NotFound when unknown or out of scope.
    """
    person = _person(customer_id, scope)
    found = {label: list(policy.export(person)) for label, policy in PERSONAL.items()}
    foundation.audit(by, "customer.exported", "customer", person.customer_id, {}, at=at)
    return {label: rows for label, rows in found.items() if rows}


def erase_customer(
    customer_id: int, *, scope: Scope, at: datetime, by: foundation.Principal
) -> ErasureReceipt:
    """Erase a person's data in every module; opaque ids, accounts and counts stay.

    Refusals survive as keyed hashes: whoever comes back with the same identity is a new customer who
    has refused already. Every module's declared erasure runs in this one transaction, this module's
    last. Audited, and noted so that a restored backup is cleaned again. Raises NotFound.
    """
    person = _person(customer_id, scope)
    foundation.execute(
        _SUPPRESS,
        {"at": at, "customers": list(person.customer_ids), "subjects": list(person.subject_ids)},
    )
    # Names and identities go last: the other modules may need them to find what is theirs.
    policies = sorted(PERSONAL.items(), key=lambda item: item[0].startswith(f"{OWNER}."))
    rows = {label: policy.erase(person) for label, policy in policies}
    rows = {label: count for label, count in rows.items() if count}
    foundation.execute(
        "UPDATE records_customers_customer SET erased_at = %s WHERE id = ANY(%s)",
        [at, list(person.customer_ids)],
    )
    Erasure.objects.create(customer_id=person.customer_id, at=at, by=by.display_name[:100], rows=rows)
    facts.record(
        [
            facts.NewFact(
                name="customer.erased",
                payload=CustomerErased(person.customer_id, person.customer_ids),
                occurred_at=at,
                subject_id=anchors_of([person.customer_id])[person.customer_id],
                source=OWNER,
                external_id=f"customer:{person.customer_id}:erased:{at.isoformat()}",
            )
        ],
        at=at,
    )
    foundation.audit(by, "customer.erased", "customer", person.customer_id, {"rows": rows}, at=at)
    return ErasureReceipt(person.customer_id, at, rows)


def refusals_of(erased_at: Iterable[datetime]) -> list[dict[str, Any]]:
    """What outlived the erasures of these moments, JSON-able: keyed hashes of identities and what each refuses."""
    rows = foundation.fetch_dicts(_REFUSED, [list(erased_at)])
    return [{**row, "refused": json.loads(row["refused"])} for row in rows]


def refuse_again(refusals: Sequence[Mapping[str, Any]], *, at: datetime) -> None:
    """Put refusals back that were said, and outlived an erasure, after a restored backup was taken."""
    last = {(one["kind"], one["realm"], one["value_hash"]): one for one in refusals}
    foundation.execute(_REFUSE_AGAIN, [at, json.dumps([dict(one) for one in last.values()])])
