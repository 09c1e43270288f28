"""The fact that a customer's points moved, recorded in the transaction that moved them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from siyu.facts import api as facts
from siyu.records.customers import api as customers
from siyu.records.ledger.contracts import (
    POINTS,
    POINTS_POSTED,
    PointsPosted,
    Posted,
    PostStatus,
    TransferSpec,
)
from siyu.records.ledger.queries import balances


@dataclass(frozen=True, slots=True)
class Move:
    """One customer's side of a posted transfer of points."""

    transfer_id: int
    kind: str
    customer_id: int
    amount: int
    at: datetime
    cause: facts.Fact | None


def moves_of(specs: Sequence[TransferSpec], done: Sequence[Posted]) -> list[Move]:
    """The customers' sides of those transfers that are new, posted and of points."""
    return [
        Move(answer.transfer_id, spec.kind, ref.owner_id, amount, spec.at, spec.cause)
        for spec, answer in zip(specs, done, strict=True)
        if answer.status is PostStatus.NEW and answer.transfer_id and not spec.pending and spec.unit == POINTS
        for ref, amount in spec.legs
        if ref.owner_kind == "customer"
    ]


def record_moves(moves: Sequence[Move], *, at: datetime) -> None:
    """Record points.posted for each move; the balance after it counts back from the one there is now."""
    if not moves:
        return
    ids = sorted({move.customer_id for move in moves})
    subjects = customers.anchors_of(ids)
    after = balances(ids)
    new: list[facts.NewFact] = []
    for move in reversed(moves):
        payload = PointsPosted(move.transfer_id, move.kind, move.amount, after[move.customer_id])
        after[move.customer_id] -= move.amount
        new.append(
            facts.NewFact(
                name=POINTS_POSTED.name,
                payload=payload,
                occurred_at=move.at,
                subject_id=subjects.get(move.customer_id),
                source="records_ledger",
                external_id=f"transfer:{move.transfer_id}:{move.customer_id}",
                cause=move.cause,
            )
        )
    facts.record(new[::-1], at=at)
