"""Merges, and the queue of cases that wait for a person."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.foundation import api as foundation
from siyu.records.customers.contracts import CaseState, MergeCaseView, MergeView
from siyu.records.customers.queries.scope import scope_sql
from siyu.records.staff.contracts import Scope


def merge_cases(
    *, scope: Scope, state: CaseState = CaseState.OPEN, limit: int = 100, only: int | None = None
) -> list[MergeCaseView]:
    """Cases of which both customers are in scope, oldest first; with ``only`` the case of that id."""
    first, first_params = scope_sql(scope, "a.root_id")
    second, second_params = scope_sql(scope, "b.root_id")
    one = "x.id = %s" if only is not None else "TRUE"
    rows = foundation.fetch(
        f"""SELECT x.id, x.first_id, x.second_id, x.reason, x.state, x.opened_at, x.claim, x.resolved_by
            FROM records_customers_mergecase x
            JOIN records_customers_customer a ON a.id = x.first_id
            JOIN records_customers_customer b ON b.id = x.second_id
            WHERE x.state = %s AND {one} AND {first} AND {second} ORDER BY x.opened_at, x.id LIMIT %s""",
        [state.value, *([] if only is None else [only]), *first_params, *second_params, limit],
    )
    return [
        MergeCaseView(number, one, two, reason, CaseState(value), opened_at, claim, resolved_by)
        for number, one, two, reason, value, opened_at, claim, resolved_by in rows
    ]


def merges_of(member_ids: Sequence[int]) -> list[MergeView]:
    """Merges that the customers of one group took part in, newest first, undone ones included."""
    rows = foundation.fetch(
        """SELECT id, kept_id, merged_id, at, by, reason, undone_at FROM records_customers_merge
           WHERE kept_id = ANY(%s) OR merged_id = ANY(%s) ORDER BY id DESC""",
        [list(member_ids), list(member_ids)],
    )
    return [MergeView(*row) for row in rows]
