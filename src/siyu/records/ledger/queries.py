"""Reading the books."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.foundation import api as foundation
from siyu.kit.pagination import Page
from siyu.records.customers import api as customers
from siyu.records.ledger.contracts import (
    POINTS,
    AccountRef,
    BalanceView,
    EntryView,
    Mismatch,
    TransferState,
    TransferView,
)
from siyu.records.ledger.labels import label_of
from siyu.records.ledger.models import Transfer


def balances(customer_ids: Sequence[int], unit: str = POINTS) -> dict[int, int]:
    """Posted balance by customer, as whole units; customers without an account are absent.

    The ids are taken as they are: after a merge everything lies with the kept customer.
    """
    rows = foundation.fetch(
        "SELECT a.owner_id, b.posted FROM records_ledger_account a "
        "JOIN records_ledger_balance b ON b.account_id = a.id "
        "WHERE a.owner_kind = 'customer' AND a.kind = 'main' AND a.unit = %s AND a.owner_id = ANY(%s)",
        [unit, list(customer_ids)],
    )
    return dict(rows)


def balance(customer_id: int, unit: str = POINTS) -> int:
    """Posted balance of one customer; 0 without an account. A merged id answers for the kept one."""
    return balance_detail(customer_id, unit).posted


def balance_detail(customer_id: int, unit: str = POINTS) -> BalanceView:
    """Posted, held and available of one customer."""
    rows = foundation.fetch(
        "SELECT b.posted, b.held FROM records_ledger_account a "
        "JOIN records_ledger_balance b ON b.account_id = a.id "
        "WHERE a.owner_kind = 'customer' AND a.kind = 'main' AND a.unit = %s AND a.owner_id = %s",
        [unit, _current(customer_id)],
    )
    return BalanceView(*rows[0]) if rows else BalanceView(0, 0)


def account_total(account: AccountRef, unit: str = POINTS) -> int:
    """Sum of the posted entries of any account; system accounts have no cached balance."""
    rows = foundation.fetch(
        "SELECT coalesce(sum(e.amount), 0)::bigint FROM records_ledger_account a "
        "JOIN records_ledger_entry e ON e.account_id = a.id "
        "JOIN records_ledger_transfer t ON t.id = e.transfer_id AND t.state = 'posted' "
        "WHERE (a.owner_kind, a.owner_id, a.kind, a.unit) = (%s, %s, %s, %s)",
        [account.owner_kind, account.owner_id, account.kind, unit],
    )
    return int(rows[0][0])


def entries(customer_id: int, unit: str = POINTS, *, page: int = 1, size: int = 20) -> Page[EntryView]:
    """A customer's statement, newest first, each line with the posted balance after it.

    The caller has asked for the customer within the reader's scope before.
    """
    page = max(1, page)
    account = foundation.fetch(
        "SELECT id FROM records_ledger_account WHERE owner_kind = 'customer' AND kind = 'main' "
        "AND unit = %s AND owner_id = %s",
        [unit, _current(customer_id)],
    )
    if not account:
        return Page((), 0, page, size)
    rows = foundation.fetch(
        """
        SELECT * FROM (
            SELECT e.id, t.id, t.kind, t.memo, e.amount, t.state, t.at,
                (sum(e.amount) FILTER (WHERE t.state = 'posted') OVER (ORDER BY e.id))::bigint,
                count(*) OVER ()
            FROM records_ledger_entry e JOIN records_ledger_transfer t ON t.id = e.transfer_id
            WHERE e.account_id = %s
        ) s ORDER BY 1 DESC LIMIT %s OFFSET %s
        """,
        [account[0][0], size, (page - 1) * size],
    )
    items = tuple(
        EntryView(
            id=row[0], transfer_id=row[1], kind=row[2], label=label_of(row[2]), memo=row[3], amount=row[4],
            state=TransferState(row[5]), at=row[6], balance_after=row[7] or 0,
        )
        for row in rows
    )  # fmt: skip
    return Page(items, rows[0][8] if rows else 0, page, size)


def transfers_by_key(keys: Sequence[str]) -> dict[str, TransferView]:
    """Transfers by key; unknown keys are absent."""
    return {
        row.key: TransferView(
            id=row.pk, key=row.key, kind=row.kind, unit=row.unit, state=TransferState(row.state),
            amount=row.amount, reversed_amount=row.reversed_amount, at=row.at, memo=row.memo,
        )
        for row in Transfer.objects.filter(key__in=keys)
    }  # fmt: skip


def check_balances() -> list[Mismatch]:
    """Compare every cached balance with its entries and every transfer with zero; empty when right."""
    wrong = foundation.fetch(
        """
        SELECT a.id, coalesce(s.posted, 0), coalesce(b.posted, 0), coalesce(s.held, 0), coalesce(b.held, 0)
        FROM records_ledger_account a
        LEFT JOIN records_ledger_balance b ON b.account_id = a.id
        LEFT JOIN (
            SELECT e.account_id, coalesce(sum(e.amount) FILTER (WHERE t.state = 'posted'), 0)::bigint AS posted,
                coalesce(-sum(least(e.amount, 0)) FILTER (WHERE t.state = 'pending'), 0)::bigint AS held
            FROM records_ledger_entry e JOIN records_ledger_transfer t ON t.id = e.transfer_id GROUP BY 1
        ) s ON s.account_id = a.id
        WHERE a.owner_kind = 'customer' AND (b.account_id IS NULL
            OR b.posted <> coalesce(s.posted, 0) OR b.held <> coalesce(s.held, 0))
        ORDER BY a.id
        """
    )
    found = [
        Mismatch("balance" if posted != cached else "held", account_id, None,
                 posted if posted != cached else held, cached if posted != cached else cached_held)
        for account_id, posted, cached, held, cached_held in wrong
    ]  # fmt: skip
    unequal = foundation.fetch(
        """
        SELECT t.id, t.amount, coalesce(sum(e.amount), 0)::bigint,
            coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0)::bigint
        FROM records_ledger_transfer t LEFT JOIN records_ledger_entry e ON e.transfer_id = t.id
        GROUP BY t.id HAVING coalesce(sum(e.amount), 0) <> 0
            OR coalesce(sum(e.amount) FILTER (WHERE e.amount > 0), 0) <> t.amount
        ORDER BY t.id
        """
    )
    found += [
        Mismatch("transfer", None, transfer_id, 0 if total else amount, total or positive)
        for transfer_id, amount, total, positive in unequal
    ]
    return found


def _current(customer_id: int) -> int:
    return customers.current_ids([customer_id]).get(customer_id, customer_id)
