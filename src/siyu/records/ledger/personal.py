"""What merge, undo, export and erasure do to the books."""

from __future__ import annotations

from siyu.foundation import api as foundation
from siyu.records.customers import api as customers


def _statement(person: customers.Person) -> list[dict[str, object]]:
    rows = foundation.fetch_dicts(
        "SELECT t.at, t.kind, t.state, e.unit, e.amount, t.memo FROM records_ledger_entry e "
        "JOIN records_ledger_transfer t ON t.id = e.transfer_id "
        "JOIN records_ledger_account a ON a.id = e.account_id "
        "WHERE a.owner_kind = 'customer' AND a.owner_id = ANY(%s) ORDER BY e.id",
        [list(person.customer_ids)],
    )
    return [{**row, "at": row["at"].isoformat()} for row in rows]


def declare() -> None:
    """Accounts carry an opaque customer id in ``owner_id``; nothing else here is about a person."""
    customers.PERSONAL.declare(
        "records_ledger.Account",
        customers.DataPolicy(
            merge=customers.MergeRule.SUBSCRIBES,
            undo=customers.MergeRule.SUBSCRIBES,
            export=_statement,
            erase=customers.keep_rows("books are immutable and hold opaque ids only"),
        ),
    )
