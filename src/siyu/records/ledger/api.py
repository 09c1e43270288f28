"""Front door of the ledger."""

from siyu.records.ledger.contracts import (
    POINTS,
    AccountRef,
    BalanceView,
    EntryView,
    Mismatch,
    PointsPosted,
    Posted,
    PostStatus,
    TransferSpec,
    TransferState,
    TransferView,
    campaign_account,
    customer_account,
    system_account,
)
from siyu.records.ledger.labels import LABELS
from siyu.records.ledger.operations import post, settle_pending, void
from siyu.records.ledger.queries import (
    account_total,
    balance,
    balance_detail,
    balances,
    check_balances,
    entries,
    transfers_by_key,
)
from siyu.records.ledger.rules import reversed_legs

__all__ = [
    "LABELS",
    "POINTS",
    "AccountRef",
    "BalanceView",
    "EntryView",
    "Mismatch",
    "PointsPosted",
    "PostStatus",
    "Posted",
    "TransferSpec",
    "TransferState",
    "TransferView",
    "account_total",
    "balance",
    "balance_detail",
    "balances",
    "campaign_account",
    "check_balances",
    "customer_account",
    "entries",
    "post",
    "reversed_legs",
    "settle_pending",
    "system_account",
    "transfers_by_key",
    "void",
]
