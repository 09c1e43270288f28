"""Bring the points of orders to what they are worth now.

Works from the order as it stands, not from the fact that told of it: late, repeated or reordered
facts lead to the same balances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from siyu.decisions.loyalty.contracts import EARN, TAKE_BACK
from siyu.decisions.loyalty.models import OrderPoints
from siyu.decisions.loyalty.queries import points_rules
from siyu.decisions.loyalty.rules import points_for
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce import api as commerce
from siyu.records.ledger import api as ledger

GIVEN = ledger.system_account("loyalty")


class _Settling:
    """One order with its row; collects the transfers it needs, in three steps that post in turn."""

    def __init__(self, order: commerce.OrderView, row: OrderPoints, cause: facts.Fact) -> None:
        self.order, self.row, self.cause = order, row, cause

    def withdraw_old(self) -> ledger.TransferSpec | None:
        """A corrected amount: take back all that stands, to earn anew."""
        if self.row.earn_key is None or self.gross == self.row.earned:
            return None
        spec = self._back(self.row.standing)
        self.row.earn_key, self.row.earned, self.row.standing = None, 0, 0
        return spec

    def earn(self) -> ledger.TransferSpec | None:
        """What the whole order earns, once."""
        if self.row.earn_key is not None or self.gross == 0:
            return None
        self.row.earn_key = self._next_key()
        self.row.earned = self.row.standing = self.gross
        return ledger.TransferSpec(
            key=self.row.earn_key, kind=EARN, legs=self._legs(self.gross), at=self.cause.occurred_at,
            memo=self.order.order_no, cause=self.cause,
        )  # fmt: skip

    def take_back(self) -> ledger.TransferSpec | None:
        """What refunds took away since."""
        worth = points_for(self.order.amount, self.order.refunded_amount, self._rate)
        return self._back(self.row.standing - worth)

    @property
    def gross(self) -> int:
        """What the order earns before refunds."""
        return points_for(self.order.amount, 0, self._rate)

    @property
    def _rate(self) -> int:
        return self.row.fen_per_point or 1

    def _back(self, points: int) -> ledger.TransferSpec | None:
        if points <= 0:
            return None
        self.row.standing -= points
        return ledger.TransferSpec(
            key=self._next_key(), kind=TAKE_BACK, legs=self._legs(-points), at=self.cause.occurred_at,
            memo=self.order.order_no, reverses_key=self.row.earn_key, allow_negative=True, cause=self.cause,
        )  # fmt: skip

    def _legs(self, points: int) -> tuple[tuple[ledger.AccountRef, int], ...]:
        return (GIVEN, -points), (ledger.customer_account(self.order.customer_id or 0), points)

    def _next_key(self) -> str:
        self.row.step += 1
        return f"loyalty:order:{self.order.id}:{self.row.step}"


def settle_orders(causes: Mapping[int, facts.Fact], *, at: datetime) -> int:
    """Settle orders by id, each with the fact that made it necessary; returns how many transfers it took.

    Orders without a customer wait; orders that were imported (backfill) earn nothing, ever.
    """
    orders = {
        order_id: order
        for order_id, order in commerce.orders_by_id(causes).items()
        if order.customer_id is not None and not order.backfill
    }
    if not orders:
        return 0
    rows = _locked(orders)
    orders = {**commerce.orders_by_id(orders)}  # as of after the locks
    _fix_rates(rows, orders)
    work = [_Settling(orders[order_id], row, causes[order_id]) for order_id, row in sorted(rows.items())]
    posted = 0
    for step in (_Settling.withdraw_old, _Settling.earn, _Settling.take_back):
        posted += _post([spec for one in work if (spec := step(one)) is not None], at=at)
    OrderPoints.objects.bulk_update(
        rows.values(), ["fen_per_point", "earn_key", "earned", "standing", "step"]
    )
    return posted


def _post(specs: list[ledger.TransferSpec], *, at: datetime) -> int:
    for answer in ledger.post(specs, at=at):
        if answer.status is not ledger.PostStatus.NEW:  # the row and the books disagree: never guess
            raise RuntimeError(f"{answer.key}: {answer.status}")
    return len(specs)


def _locked(order_ids: Iterable[int]) -> dict[int, OrderPoints]:
    ids = sorted(order_ids)
    foundation.execute(
        "INSERT INTO decisions_loyalty_orderpoints (order_id) SELECT unnest(%s::bigint[]) "
        "ON CONFLICT (order_id) DO NOTHING",
        [ids],
    )
    found = foundation.fetch("SELECT id FROM decisions_loyalty_orderpoints WHERE order_id = ANY(%s)", [ids])
    foundation.lock_rows(OrderPoints, [row[0] for row in found])
    return {row.order_id: row for row in OrderPoints.objects.filter(order_id__in=ids)}


def _fix_rates(rows: Mapping[int, OrderPoints], orders: Mapping[int, commerce.OrderView]) -> None:
    """An order keeps the rate of the moment it was paid, from the first time it is settled."""
    fresh = [order_id for order_id, row in rows.items() if row.fen_per_point is None]
    rules = points_rules([orders[order_id].paid_at for order_id in fresh])
    for order_id, rule in zip(fresh, rules, strict=True):
        rows[order_id].fen_per_point = rule.fen_per_point
