"""Who is this: references become subjects and customers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from siyu.facts import api as facts
from siyu.records.customers import rules
from siyu.records.customers.contracts import Identified, IdentityRef
from siyu.records.customers.operations.identities import find_or_insert, keys_of
from siyu.records.customers.operations.mapping import create_customers


def identify(
    refs: Sequence[IdentityRef], *, at: datetime, source: str, origin: facts.Origin | None = None
) -> list[Identified]:
    """Find or make who each reference is; answers stand in the order of the references.

    An unknown identity becomes a subject; one of a strong kind (phone, unionid, external_userid,
    member_no) a customer as well. A batch of thousands costs a handful of statements, and two workers
    that meet the same unknown identity make one subject and one customer between them.
    Raises BadInput("identity.invalid") for an unusable reference (see ``check_ref``); nothing is changed.
    """
    keys = keys_of(refs)
    found, fresh = find_or_insert(keys, at=at, source=source)
    made = create_customers(
        {key: subject for key, subject in fresh.items() if key[0] in rules.STRONG}, at=at, origin=origin
    )
    return [
        Identified(known.subject_id, made.get(known.subject_id, known.customer_id))
        for known in (found[key] for key in keys)
    ]
