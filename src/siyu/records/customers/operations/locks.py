"""The locks of this module: buckets of subjects first, then customers in force in id order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import transaction

from siyu.foundation import api as foundation
from siyu.records.customers.models import Customer


def lock_subjects(subject_ids: Iterable[int]) -> None:
    """Keep others from writing friendships of these subjects, or mapping them, until the commit.

    Buckets, not one lock for each: a large batch would overflow PostgreSQL's table of locks.
    """
    ids = sorted(set(subject_ids))
    if ids:
        foundation.fetch(
            "SELECT pg_advisory_xact_lock(71, bucket) FROM"
            " (SELECT DISTINCT (s %% 128)::int AS bucket FROM unnest(%s::bigint[]) AS s ORDER BY 1) b",
            [ids],
        )


def lock_roots(customer_ids: Iterable[int], *, known: Mapping[int, int] | None = None) -> dict[int, int]:
    """Lock the customers in force behind these ids (id order); returns id → root, true while locked.

    If a root changed while we waited, all locks are let go (rolling back to the savepoint) and taken
    anew: adding the new root to those held would break the id order and could deadlock.
    ``known`` says the roots as the caller has read them just now; they are looked at again all the same.
    """
    wanted = sorted(set(customer_ids))
    roots = known if known is not None else _roots(wanted)
    while True:
        before = transaction.savepoint()
        locked = set(foundation.lock_rows(Customer, sorted(set(roots.values()))))
        now = _roots(wanted)
        if set(now.values()) <= locked:
            transaction.savepoint_commit(before)
            return now
        transaction.savepoint_rollback(before)
        roots = now


def _roots(customer_ids: Sequence[int]) -> dict[int, int]:
    rows = foundation.fetch(
        "SELECT id, root_id FROM records_customers_customer WHERE id = ANY(%s)", [customer_ids]
    )
    return dict(rows)
