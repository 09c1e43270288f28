"""Take over refunds in batches; one that comes before its order waits for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce.contracts import (
    ORDER_REFUNDED,
    OWNER,
    TRADE,
    OrderRefunded,
    Outcome,
    RefundResult,
    RefundSpec,
    Reject,
)
from siyu.records.commerce.labels import refusal
from siyu.records.commerce.models import Order
from siyu.records.commerce.operations.places import hold_places
from siyu.records.commerce.rules import refund_problem, refund_total

Key = tuple[str, str, str]


class _Row(NamedTuple):
    """A refund as it stands."""

    id: int
    order_id: int | None
    state: str
    reason: str
    amount: int


class _Waiting(NamedTuple):
    """A refund whose order is here."""

    id: int
    order_id: int
    amount: int
    refunded_at: datetime
    origin: str
    fact_id: int | None
    order_no: str


def record_refunds(
    batch: Sequence[RefundSpec], *, at: datetime, origin: facts.Origin | None = None
) -> list[RefundResult]:
    """Record a batch of reported refunds; answers in the same order; nobody commits here.

    NEW when applied (fact order.refunded), WAITING while the order is unknown, SAME when known,
    REJECTED when it would give back more than was paid (``above_paid``), or when its number is known
    with another amount (``other_refund``). ``origin`` None follows each spec's cause, else live.
    """
    hold_places()  # before any order is locked, as everybody does
    problems = [refund_problem(spec) for spec in batch]
    good = [spec for spec, problem in zip(batch, problems, strict=True) if problem is None]
    added = _insert(good, origin)
    orders = _orders_of(good)
    causes = {added[_key(spec)]: spec.cause for spec in good if spec.cause and _key(spec) in added}
    apply_waiting(orders, at=at, causes=causes)
    rows = _rows(good)
    first: set[Key] = set()
    results = []
    for spec, problem in zip(batch, problems, strict=True):
        if problem is not None:
            results.append(RefundResult(Outcome.REJECTED, reason=problem))
            continue
        key, row = _key(spec), rows.get(_key(spec))
        if row is None:  # it waited, and was set aside just now
            results.append(RefundResult(Outcome.REJECTED, reason=Reject.ABOVE_PAID))
            continue
        results.append(_answer(row, refund_total(spec), is_new=key in added and key not in first))
        first.add(key)
    return results


def _answer(row: _Row, amount: int, *, is_new: bool) -> RefundResult:
    if row.amount != amount:
        return RefundResult(Outcome.REJECTED, row.id, row.order_id, Reject.OTHER_REFUND)
    if row.state == "rejected":
        return RefundResult(Outcome.REJECTED, row.id, row.order_id, Reject(row.reason))
    if row.state == "waiting":
        return RefundResult(Outcome.WAITING, row.id)
    return RefundResult(Outcome.NEW if is_new else Outcome.SAME, row.id, row.order_id)


def apply_waiting(
    order_ids: Sequence[int], *, at: datetime, causes: Mapping[int, facts.Fact] | None = None
) -> None:
    """Apply what waits for these orders, oldest refund first, never beyond what was paid.

    One that is more than what is left is rejected. If it was reported earlier and waited, its report was
    taken already: then the report becomes a dead letter and the refund is forgotten, as if refused at once.
    """
    if not order_ids:
        return
    waiting = _waiting(order_ids)
    if not waiting:
        return
    foundation.lock_rows(Order, [row.order_id for row in waiting])
    waiting = _waiting(order_ids)  # again: another transaction may have applied some before the lock
    left = {
        order_id: (amount, refunded, subject_id)
        for order_id, amount, refunded, subject_id in foundation.fetch(
            "SELECT id, amount, refunded_amount, subject_id FROM records_commerce_order WHERE id = ANY(%s)",
            [[row.order_id for row in waiting]],
        )
    }
    applied: list[tuple[_Waiting, bool, int]] = []
    rejected: list[_Waiting] = []
    for row in waiting:
        amount, refunded, subject_id = left[row.order_id]
        if refunded + row.amount > amount:
            rejected.append(row)
            continue
        left[row.order_id] = (amount, refunded + row.amount, subject_id)
        applied.append((row, refunded + row.amount == amount, subject_id))
    late = [row for row in rejected if row.fact_id is not None and row.id not in (causes or {})]
    _mark(applied, [row.id for row in rejected if row not in late])
    _set_aside(late)
    foundation.execute(
        "UPDATE records_commerce_order o SET refunded_amount = v.refunded "
        "FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, refunded) WHERE o.id = v.id",
        [list(left), [refunded for _amount, refunded, _subject in left.values()]],
    )
    facts.record(
        [_refunded(row, full, subject, (causes or {}).get(row.id)) for row, full, subject in applied], at=at
    )


def _set_aside(late: Sequence[_Waiting]) -> None:
    if not late:
        return
    _delete([row.id for row in late])
    for row in late:
        if row.fact_id is not None:
            facts.set_aside(TRADE, row.fact_id, refusal(row.order_no, Reject.ABOVE_PAID))


def _refunded(row: _Waiting, full: bool, subject_id: int, cause: facts.Fact | None) -> facts.NewFact:
    return facts.NewFact(
        name=ORDER_REFUNDED.name,
        payload=OrderRefunded(row.order_id, row.id, row.amount, full),
        occurred_at=row.refunded_at,
        subject_id=subject_id,
        source=OWNER,
        external_id=f"refund:{row.id}",
        origin=facts.Origin(row.origin),
        cause=cause,
    )


def _key(spec: RefundSpec) -> Key:
    return spec.source, spec.order_no, spec.refund_no


def _keys(specs: Sequence[RefundSpec]) -> list[list[str]]:
    return [
        [spec.source for spec in specs],
        [spec.order_no for spec in specs],
        [spec.refund_no for spec in specs],
    ]


def _insert(specs: Sequence[RefundSpec], origin: facts.Origin | None) -> dict[Key, int]:
    """Insert unknown refunds as waiting; ids of the new ones by key.

    One that was refused before is looked at anew: its order may have been corrected since.
    """
    distinct = list({_key(spec): spec for spec in reversed(specs)}.values())[::-1]
    if not distinct:
        return {}
    _forget_refused(distinct)
    rows = foundation.fetch(
        "INSERT INTO records_commerce_refund (source, order_no, refund_no, state, reason, amount, refunded_at, origin, fact_id) "
        "SELECT source, order_no, refund_no, 'waiting', '', amount, refunded_at, origin, fact_id FROM unnest(%s::text[], "
        "%s::text[], %s::text[], %s::bigint[], %s::timestamptz[], %s::text[], %s::bigint[]) "
        "AS v(source, order_no, refund_no, amount, refunded_at, origin, fact_id) "
        "ORDER BY 1, 2, 3 ON CONFLICT (source, order_no, refund_no) DO NOTHING RETURNING source, order_no, refund_no, id",
        [
            *_keys(distinct),
            [refund_total(spec) for spec in distinct],
            [spec.refunded_at for spec in distinct],
            [str(origin or (spec.cause.origin if spec.cause else facts.Origin.LIVE)) for spec in distinct],
            [spec.cause.id if spec.cause else None for spec in distinct],
        ],
    )
    added = {(row[0], row[1], row[2]): int(row[3]) for row in rows}
    lines = [(added[_key(spec)], line) for spec in distinct if _key(spec) in added for line in spec.lines]
    foundation.execute(
        "INSERT INTO records_commerce_refundline (refund_id, line_no, quantity, amount) "
        "SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::integer[], %s::bigint[])",
        [
            [refund_id for refund_id, _line in lines],
            [line.line_no for _refund_id, line in lines],
            [line.quantity for _refund_id, line in lines],
            [line.amount for _refund_id, line in lines],
        ],
    )
    return added


def _forget_refused(specs: Sequence[RefundSpec]) -> None:
    refused = [row.id for row in _rows(specs).values() if row.state == "rejected"]
    if refused:
        _delete(refused)


def _delete(ids: Sequence[int]) -> None:
    foundation.execute("DELETE FROM records_commerce_refundline WHERE refund_id = ANY(%s)", [list(ids)])
    foundation.execute("DELETE FROM records_commerce_refund WHERE id = ANY(%s)", [list(ids)])


def _orders_of(specs: Sequence[RefundSpec]) -> list[int]:
    rows = foundation.fetch(
        "SELECT id FROM records_commerce_order WHERE (source, order_no) IN "
        "(SELECT * FROM unnest(%s::text[], %s::text[]))",
        _keys(specs)[:2],
    )
    return [row[0] for row in rows]


def _rows(specs: Sequence[RefundSpec]) -> dict[Key, _Row]:
    rows = foundation.fetch(
        "SELECT source, order_no, refund_no, id, order_id, state, reason, amount FROM records_commerce_refund "
        "WHERE (source, order_no, refund_no) IN (SELECT * FROM unnest(%s::text[], %s::text[], %s::text[]))",
        _keys(specs),
    )
    return {(row[0], row[1], row[2]): _Row(*row[3:]) for row in rows}


def _waiting(order_ids: Sequence[int]) -> list[_Waiting]:
    rows = foundation.fetch(
        "SELECT r.id, o.id, r.amount, r.refunded_at, r.origin, r.fact_id, r.order_no FROM records_commerce_refund r "
        "JOIN records_commerce_order o ON (o.source, o.order_no) = (r.source, r.order_no) "
        "WHERE o.id = ANY(%s) AND r.state = 'waiting' ORDER BY r.refunded_at, r.refund_no",
        [list(order_ids)],
    )
    return [_Waiting(*row) for row in rows]


def _mark(applied: list[tuple[_Waiting, bool, int]], rejected: list[int]) -> None:
    foundation.execute(
        "UPDATE records_commerce_refund r SET state = 'applied', order_id = v.order_id "
        "FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, order_id) WHERE r.id = v.id",
        [[row.id for row, _full, _subject in applied], [row.order_id for row, _full, _subject in applied]],
    )
    foundation.execute(
        "UPDATE records_commerce_refund r SET state = 'rejected', reason = %s, order_id = o.id "
        "FROM records_commerce_order o WHERE r.id = ANY(%s) AND (o.source, o.order_no) = (r.source, r.order_no)",
        [str(Reject.ABOVE_PAID), rejected],
    )
