"""Who sees whom, kept beside what it follows from: assignments, friendships, the map, the merges in force.

One function writes it, and computes customers anew instead of following each change: whatever happened, what is
left is what the other tables say.

Why two transactions cannot spoil it: whoever changes something that a customer's sight follows from holds that
customer in force (``lock_roots``) while computing it anew, and until the commit. The statement takes its snapshot
when it begins, after the lock; so of two that change one customer the later to hold it sees what both did. A subject
that is nobody's yet has no customer to hold: its bucket (``lock_subjects``) is held by whoever writes its
friendships and by whoever maps it. Buckets are taken before customers.
"""

from __future__ import annotations

from collections.abc import Iterable

from siyu.foundation import api as foundation
from siyu.records.customers.operations.locks import lock_roots

_FRESH = """
    SELECT c.root_id AS customer_id, v.viewer
    FROM records_customers_customer c
    JOIN records_customers_assignment a ON a.customer_id = c.id AND a.until IS NULL
    CROSS JOIN LATERAL (VALUES (a.employee_id), (-a.unit_id)) AS v(viewer)
    WHERE v.viewer IS NOT NULL AND {customer}
    UNION
    SELECT m.customer_id, k.employee_id
    FROM records_customers_subjectmap m
    JOIN records_customers_contact k ON k.subject_id = m.subject_id AND k.until IS NULL
    WHERE m.valid_to IS NULL AND {mapped}
"""
_ANEW = f"""
WITH fresh AS MATERIALIZED ({_FRESH}), gone AS (
    DELETE FROM records_customers_sight s
    WHERE {{kept}} AND NOT EXISTS (SELECT FROM fresh f WHERE f.customer_id = s.customer_id AND f.viewer = s.viewer)
)
INSERT INTO records_customers_sight (customer_id, viewer)
SELECT customer_id, viewer FROM fresh ORDER BY customer_id, viewer ON CONFLICT DO NOTHING
"""
_SOME = _ANEW.format(
    customer="c.root_id = ANY(%(ids)s)",
    mapped="m.customer_id = ANY(%(ids)s)",
    kept="s.customer_id = ANY(%(ids)s)",
)
_ALL = _ANEW.format(customer="TRUE", mapped="TRUE", kept="TRUE")


def see_anew(customer_ids: Iterable[int]) -> None:
    """Compute anew who sees these customers; the caller holds those in force among them.

    Ids that are in force no longer (just merged away) are given too: nobody sees them any more.
    """
    ids = sorted(set(customer_ids))
    if ids:
        foundation.execute(_SOME, {"ids": ids})


def see_subjects_anew(subject_ids: Iterable[int]) -> None:
    """The same for the customers of these subjects, whose buckets the caller holds; locks the customers.

    A subject's home never changes, so the lock is asked by homes: if they are merged or come apart
    meanwhile, it is taken anew.
    """
    ids = sorted(set(subject_ids))
    if not ids:
        return
    roots = dict(
        foundation.fetch(
            "SELECT home_id, customer_id FROM records_customers_subjectmap WHERE subject_id = ANY(%s) AND valid_to IS NULL",
            [ids],
        )
    )
    if roots:
        see_anew(lock_roots(roots, known=roots).values())


def see_all_anew() -> None:
    """Compute everybody anew in one statement, while nobody else writes: after a bulk load, and to compare."""
    foundation.execute(_ALL)
