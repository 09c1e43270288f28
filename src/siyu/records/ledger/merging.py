"""A merge of two customers is a keyed transfer of everything one of them has to the other."""

from __future__ import annotations

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers.contracts import CustomerMerged, CustomerUnmerged
from siyu.records.ledger.contracts import MERGE, UNMERGE, TransferSpec, customer_account
from siyu.records.ledger.models import Transfer
from siyu.records.ledger.operations import post


def move_on_merge(fact: facts.Fact, merged: CustomerMerged) -> None:
    """Move each unit's whole balance, a debt too, keyed by the fact: heard twice, moved once."""
    post(
        [
            TransferSpec(
                key=f"merge:{fact.id}:{unit}",
                kind=MERGE,
                unit=unit,
                legs=(
                    (customer_account(merged.merged_id), -posted),
                    (customer_account(merged.kept_id), posted),
                ),
                at=fact.occurred_at,
                allow_negative=True,
                memo=f"{merged.merged_id} → {merged.kept_id}",
                cause=fact,
            )
            for unit, posted in _balances_of(merged.merged_id)
            if posted
        ]
    )


def move_on_unmerge(fact: facts.Fact, unmerged: CustomerUnmerged) -> None:
    """Give back what the latest merge took from the customer; what was spent in between stays spent.

    It comes from whoever has it now: the one kept then may have been merged on since.
    """
    gave = f"{unmerged.merged_id} → "
    last: dict[str, Transfer] = {}
    own = foundation.fetch(
        "SELECT e.transfer_id FROM records_ledger_entry e JOIN records_ledger_account a ON a.id = e.account_id "
        "WHERE a.owner_kind = 'customer' AND a.owner_id = %s",
        [unmerged.merged_id],
    )
    rows = Transfer.objects.filter(pk__in=[row[0] for row in own], kind=MERGE, memo__startswith=gave)
    for row in rows.filter(at__lte=fact.occurred_at).order_by("id"):
        last[row.unit] = row
    specs = []
    for unit, row in last.items():
        if row.reversed_amount:
            continue
        received = _received(row.pk, unmerged.merged_id)
        specs.append(
            TransferSpec(
                key=f"unmerge:{fact.id}:{unit}",
                kind=UNMERGE,
                unit=unit,
                legs=(
                    (customer_account(unmerged.merged_id), -received),
                    (customer_account(unmerged.kept_id), received),
                ),
                at=fact.occurred_at,
                allow_negative=True,
                reverses_key=row.key,
                cause=fact,
            )
        )
    post(specs)


def _balances_of(customer_id: int) -> list[tuple[str, int]]:
    """(unit, posted) of a customer, locked until the transaction ends."""
    return [
        (unit, posted)
        for unit, posted in foundation.fetch(
            "SELECT a.unit, b.posted FROM records_ledger_account a "
            "JOIN records_ledger_balance b ON b.account_id = a.id "
            "WHERE a.owner_kind = 'customer' AND a.owner_id = %s ORDER BY a.id FOR UPDATE OF b",
            [customer_id],
        )
    ]


def _received(transfer_id: int, customer_id: int) -> int:
    return int(
        foundation.fetch(
            "SELECT e.amount FROM records_ledger_entry e JOIN records_ledger_account a ON a.id = e.account_id "
            "WHERE e.transfer_id = %s AND a.owner_kind = 'customer' AND a.owner_id = %s",
            [transfer_id, customer_id],
        )[0][0]
    )
