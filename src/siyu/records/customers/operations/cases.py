"""The queue of claims that a person must decide."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from siyu.foundation import api as foundation
from siyu.records.customers.contracts import CaseState


def open_cases(pairs: Sequence[tuple[int, int, str]], *, at: datetime, claim: str) -> list[int]:
    """Queue (first, second, reason) once per pair; the case ids in order.

    A pair that was dismissed stays dismissed: its old case is answered.
    """
    if not pairs:
        return []
    ordered = [(min(first, second), max(first, second), reason) for first, second, reason in pairs]
    arrays = [[row[0] for row in ordered], [row[1] for row in ordered]]
    foundation.execute(
        """INSERT INTO records_customers_mergecase (first_id, second_id, reason, claim, state, opened_at, resolved_by)
           SELECT DISTINCT ON (n.first_id, n.second_id) n.first_id, n.second_id, n.reason, %s, %s, %s, ''
           FROM unnest(%s::bigint[], %s::bigint[], %s::text[]) AS n(first_id, second_id, reason)
           ORDER BY 1, 2
           ON CONFLICT (first_id, second_id) DO UPDATE
           SET state = excluded.state, reason = excluded.reason, opened_at = excluded.opened_at
           WHERE records_customers_mergecase.state = 'merged'""",
        [claim[:200], CaseState.OPEN.value, at, *arrays, [row[2] for row in ordered]],
    )
    rows = foundation.fetch(
        """SELECT c.first_id, c.second_id, c.id FROM records_customers_mergecase c
           JOIN unnest(%s::bigint[], %s::bigint[]) AS n(first_id, second_id)
             ON c.first_id = n.first_id AND c.second_id = n.second_id""",
        arrays,
    )
    found = {(first, second): number for first, second, number in rows}
    return [found[(first, second)] for first, second, _reason in ordered]


def refused_pairs(roots: Iterable[int]) -> dict[tuple[int, int], str]:
    """Pairs of customers in force, lower id first, that somebody said are two people."""
    ids = sorted(set(roots))
    if len(ids) < 2:
        return {}
    rows = foundation.fetch(
        """SELECT least(a.root_id, b.root_id), greatest(a.root_id, b.root_id), said.reason
           FROM (
               SELECT kept_id AS one, merged_id AS two, 'undone_before' AS reason
               FROM records_customers_merge WHERE undone_at IS NOT NULL
               UNION ALL
               SELECT first_id, second_id, 'dismissed_before'
               FROM records_customers_mergecase WHERE state = 'dismissed'
           ) said
           JOIN records_customers_customer a ON a.id = said.one
           JOIN records_customers_customer b ON b.id = said.two
           WHERE a.root_id = ANY(%(ids)s) AND b.root_id = ANY(%(ids)s) AND a.root_id <> b.root_id""",
        {"ids": ids},
    )
    return {(low, high): reason for low, high, reason in rows}
