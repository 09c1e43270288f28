"""Posting: the only way into the books, in batches, one statement each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation
from siyu.kit.errors import Conflict
from siyu.records.customers import api as customers
from siyu.records.ledger.contracts import (
    CUSTOMER,
    MERGING,
    POINTS,
    Posted,
    PostStatus,
    TransferSpec,
    TransferState,
)
from siyu.records.ledger.models import Entry, Transfer
from siyu.records.ledger.points import Move, moves_of, record_moves
from siyu.records.ledger.rules import check_spec, content_hash

BATCH = 500
SQL = (
    "SELECT status, transfer_id FROM ledger_post(%s::text[], %s::text[], %s::text[], %s::timestamptz[], "
    "%s::text[], %s::text[], %s::boolean[], %s::boolean[], %s::bytea[], %s::bigint[], "
    "%s::integer[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::bigint[]) ORDER BY ordinal"
)


class _Item(NamedTuple):
    """A checked transfer with its amount and the hash of what it says."""

    spec: TransferSpec
    amount: int
    digest: bytes


def post(transfers: Sequence[TransferSpec], *, at: datetime | None = None) -> list[Posted]:
    """Post a batch in its order; answers in the same order; nobody commits here.

    Each key is posted once; a repeated key with the same content answers SAME. A transfer that would
    take a customer below zero (unless ``allow_negative``) or reverse more than is left is refused
    alone and leaves no trace; the rest of the batch stands. Raises BadInput for a transfer that is
    no transfer and Conflict("ledger.key_reused") for a known key with other content: the caller's
    transaction must then be rolled back. Records points.posted for customers whose points moved, in
    the same transaction; ``at`` is when that is recorded (default: the latest moment of the batch).
    """
    items = [_Item(spec, check_spec(spec), content_hash(spec)) for spec in transfers]
    answers: list[Posted] = []
    for start in range(0, len(items), BATCH):
        part = _follow_merges(items[start : start + BATCH])
        done = [
            Posted(item.spec.key, PostStatus(status), transfer_id)
            for item, (status, transfer_id) in zip(part, _post_rows(part), strict=True)
        ]
        moves = moves_of([item.spec for item in part], done)
        if moves:
            record_moves(moves, at=at or max(move.at for move in moves))
        answers.extend(done)
    return answers


def _post_rows(part: list[_Item]) -> list[tuple[str, int | None]]:
    """One statement for the batch; where one must be refused, halves, which keeps the order."""
    rows: list[tuple[str, int | None]] = [
        (status, transfer_id) for status, transfer_id in foundation.fetch(SQL, _arrays(part))
    ]
    if rows[0][0] == "split":
        middle = len(part) // 2
        return _post_rows(part[:middle]) + _post_rows(part[middle:])
    for index, (status, _transfer_id) in enumerate(rows):
        if status == "raced":  # another transaction posted this key a moment ago: now it is visible
            rows[index] = _post_rows([part[index]])[0]
        if rows[index][0] == "reused":
            raise Conflict(
                "ledger.key_reused",
                _("The transfer %(key)s is in the books already with other content; nothing was posted."),
                key=part[index].spec.key,
            )
    return rows


def _arrays(part: list[_Item]) -> list[str]:
    specs = [item.spec for item in part]
    legs = [
        (ordinal, ref, spec.unit, amount)
        for ordinal, spec in enumerate(specs, start=1)
        for ref, amount in spec.legs
    ]
    return [
        foundation.array(spec.key for spec in specs),
        foundation.array(spec.kind for spec in specs),
        foundation.array(spec.unit for spec in specs),
        foundation.array(spec.at for spec in specs),
        foundation.array(spec.memo[:200] for spec in specs),
        foundation.array(spec.reverses_key for spec in specs),
        foundation.array(spec.pending for spec in specs),
        foundation.array(spec.allow_negative for spec in specs),
        foundation.array(item.digest for item in part),
        foundation.array(item.amount for item in part),
        foundation.array(ordinal for ordinal, _ref, _unit, _amount in legs),
        foundation.array(ref.owner_kind for _ordinal, ref, _unit, _amount in legs),
        foundation.array(ref.owner_id for _ordinal, ref, _unit, _amount in legs),
        foundation.array(ref.kind for _ordinal, ref, _unit, _amount in legs),
        foundation.array(unit for _ordinal, _ref, unit, _amount in legs),
        foundation.array(amount for _ordinal, _ref, _unit, amount in legs),
    ]


def _follow_merges(part: list[_Item]) -> list[_Item]:
    """A merged customer's account is closed by the merge: what still names it goes to the kept one."""
    named = {
        ref.owner_id
        for item in part
        if item.spec.kind not in MERGING
        for ref, _amount in item.spec.legs
        if ref.owner_kind == CUSTOMER
    }
    current = {old: new for old, new in customers.current_ids(named).items() if old != new}
    if not current:
        return part
    return [
        item
        if item.spec.kind in MERGING
        else item._replace(
            spec=replace(
                item.spec,
                legs=tuple(
                    (replace(ref, owner_id=current[ref.owner_id]), amount)
                    if ref.owner_kind == CUSTOMER and ref.owner_id in current
                    else (ref, amount)
                    for ref, amount in item.spec.legs
                ),
            )
        )
        for item in part
    ]


def settle_pending(keys: Sequence[str], *, at: datetime) -> list[Posted]:
    """Make pending transfers count. SAME when posted already.

    Raises Conflict("ledger.not_pending") for a key that is unknown or void; nothing changes then.
    """
    done = _settle(keys, TransferState.POSTED)
    fresh = [pk for answer in done if answer.status is PostStatus.NEW and (pk := answer.transfer_id)]
    found = {row.pk: row for row in Transfer.objects.filter(pk__in=fresh)}
    legs: dict[int, list[tuple[int, int]]] = {}
    for entry in Entry.objects.filter(transfer_id__in=fresh, account__owner_kind="customer").select_related(
        "account"
    ):
        legs.setdefault(entry.transfer_id, []).append((entry.account.owner_id, entry.amount))
    moves = [
        Move(pk, found[pk].kind, customer_id, amount, at, None)
        for pk in fresh
        if found[pk].unit == POINTS
        for customer_id, amount in legs.get(pk, ())
    ]
    record_moves(moves, at=at)
    return done


def void(keys: Sequence[str]) -> list[Posted]:
    """Let pending transfers go: what they held is free again. SAME when void already.

    Raises Conflict("ledger.not_pending") for a key that is unknown or posted; nothing changes then.
    """
    return _settle(keys, TransferState.VOID)


def _settle(keys: Sequence[str], state: TransferState) -> list[Posted]:
    rows = foundation.fetch(
        "SELECT status, transfer_id FROM ledger_settle(%s::text[], %s) ORDER BY ordinal",
        [list(keys), str(state)],
    )
    for key, (status, _transfer_id) in zip(keys, rows, strict=True):
        if status == "refused":
            raise Conflict("ledger.not_pending", _("The transfer %(key)s is not pending."), key=key)
    return [Posted(key, PostStatus(row[0]), row[1]) for key, row in zip(keys, rows, strict=True)]
