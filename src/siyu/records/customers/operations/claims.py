"""A person says whose an unknown subject is (an order to claim, a device at the counter)."""

from __future__ import annotations

from datetime import datetime

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers.contracts import IdentityKind
from siyu.records.customers.operations.locks import lock_roots, lock_subjects
from siyu.records.customers.operations.mapping import attach_subjects
from siyu.records.customers.queries.map import customers_of


def claim_subject(
    subject_id: int, customer_id: int, *, at: datetime, origin: facts.Origin | None = None
) -> bool:
    """Map a subject that is nobody's yet to a customer; fact customer.identified.

    Returns False, and changes nothing, when the subject belongs to somebody already. The caller has
    asked for the customer within the reader's scope and writes the audit row.
    """
    lock_subjects([subject_id])
    roots = lock_roots([customer_id])
    if customer_id not in roots or customers_of([subject_id]):
        return False
    rows = foundation.fetch("SELECT kind FROM records_customers_identity WHERE subject_id = %s", [subject_id])
    kind = IdentityKind(rows[0][0]) if rows else IdentityKind.ORDER_NO
    attach_subjects([(subject_id, kind, customer_id, roots[customer_id])], at=at, origin=origin)
    return True
