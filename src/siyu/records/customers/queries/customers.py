"""One customer whole; the few fields of many; find by identity."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation
from siyu.kit.errors import Conflict, NotFound
from siyu.records.customers import rules
from siyu.records.customers.contracts import (
    CustomerView,
    IdentityKind,
    IdentityRef,
    IdentityView,
    ProfileView,
)
from siyu.records.customers.operations.identities import PURPOSE, lookup
from siyu.records.customers.queries.map import current_ids, subjects_of
from siyu.records.customers.queries.merges import merges_of
from siyu.records.customers.queries.relations import (
    assignments_of,
    consents_of,
    contacts_of,
    tags_with_source,
)
from siyu.records.customers.queries.scope import in_scope
from siyu.records.staff.contracts import Scope

_PROFILES = """
SELECT root.id,
       coalesce(nullif(root.name, ''), other.name, ''), coalesce(nullif(root.avatar, ''), other.avatar, ''),
       coalesce(nullif(root.phone_masked, ''), other.phone_masked, ''),
       coalesce(nullif(root.gender, ''), other.gender, ''),
       least(root.created_at, other.created_at), root.erased_at IS NOT NULL
FROM records_customers_customer root
LEFT JOIN LATERAL (
    SELECT (array_agg(m.name ORDER BY m.id) FILTER (WHERE m.name <> ''))[1] AS name,
           (array_agg(m.avatar ORDER BY m.id) FILTER (WHERE m.avatar <> ''))[1] AS avatar,
           (array_agg(m.phone_masked ORDER BY m.id) FILTER (WHERE m.phone_masked <> ''))[1] AS phone_masked,
           (array_agg(m.gender ORDER BY m.id) FILTER (WHERE m.gender <> ''))[1] AS gender,
           min(m.created_at) AS created_at
    FROM records_customers_customer m WHERE m.root_id = root.id AND m.id <> root.id
) other ON true
WHERE root.id = ANY(%s) AND root.root_id = root.id
"""


def profiles(customer_ids: Iterable[int]) -> dict[int, ProfileView]:
    """Customer in force → the few fields that lists copy; merged and unknown ids are absent.

    Empty fields of the kept customer are filled from those merged into it, the oldest first.
    """
    ids = sorted(set(customer_ids))
    return {row[0]: ProfileView(*row) for row in foundation.fetch(_PROFILES, [ids])} if ids else {}


def living_customer(customer_id: int, *, scope: Scope) -> CustomerView:
    """``get_customer``, to change something of them. Raises Conflict("customer.erased") besides NotFound."""
    person = get_customer(customer_id, scope=scope)
    if person.erased:
        raise Conflict(
            "customer.erased", _("This customer's data was erased; nothing can be added to it any more.")
        )
    return person


def get_customer(customer_id: int, *, scope: Scope) -> CustomerView:
    """One customer whole, in a fixed number of queries.

    A merged id answers with the customer in force. Raises NotFound when unknown or out of scope.
    """
    if customer_id not in in_scope([customer_id], scope):
        raise NotFound("customer.not_found", _("There is no such customer."))
    root = current_ids([customer_id])[customer_id]
    profile = profiles([root])[root]
    members = foundation.fetch(
        "SELECT id FROM records_customers_customer WHERE root_id = %s ORDER BY id", [root]
    )
    subjects = subjects_of([root])[root]
    assignments = assignments_of(root)
    current = sorted(
        (period for period in assignments if period.until is None),
        key=lambda period: period.customer_id != root,
    )
    return CustomerView(
        id=root,
        name=profile.name,
        avatar=profile.avatar,
        phone_masked=profile.phone_masked,
        gender=profile.gender,
        created_at=profile.created_at,
        erased=profile.erased,
        subject_ids=tuple(subjects),
        member_ids=tuple(row[0] for row in members),
        identities=_identities(subjects),
        contacts=tuple(contacts_of([root], open_only=False).get(root, [])),
        assignment=current[0] if current else None,
        assignments=tuple(assignments),
        tags=tuple(tags_with_source([root]).get(root, [])),
        consents=tuple(consents_of(root)),
        merges=tuple(merges_of([row[0] for row in members])),
    )


def _identities(subjects: list[int]) -> tuple[IdentityView, ...]:
    rows = foundation.fetch(
        """SELECT id, kind, realm, value_sealed, subject_id, first_seen_at, source
           FROM records_customers_identity WHERE subject_id = ANY(%s) ORDER BY id""",
        [subjects],
    )
    views = []
    for number, kind, realm, sealed, subject, since, source in rows:
        found = IdentityKind(kind)
        masked = rules.mask_value(found, foundation.unseal(sealed, PURPOSE).decode())
        views.append(IdentityView(number, found, realm, masked, subject, since, source))
    return tuple(views)


def find_customer(ref: IdentityRef, *, scope: Scope) -> int | None:
    """The customer in force of an identity, when there is one within scope; makes nothing."""
    key = rules.normal_key(ref)
    known = lookup([key]).get(key) if key is not None else None
    if known is None or known.customer_id is None:
        return None
    return known.customer_id if in_scope([known.customer_id], scope) else None
