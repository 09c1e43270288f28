"""Take over orders in batches."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce.contracts import (
    ORDER_CHANGED,
    ORDER_PAID,
    OWNER,
    OrderChanged,
    OrderPaid,
    OrderResult,
    OrderSpec,
    Outcome,
    Reject,
)
from siyu.records.commerce.operations.claims import claim_reported
from siyu.records.commerce.operations.lines import replace_lines, write_lines
from siyu.records.commerce.operations.places import hold_places
from siyu.records.commerce.operations.refunds import apply_waiting
from siyu.records.commerce.rules import content_hash, order_problem, supersedes, total_of
from siyu.records.customers import api as customers

Key = tuple[str, str]


class _Known(NamedTuple):
    """What is there already of a reported order; locked."""

    id: int
    customer_id: int | None
    subject_id: int
    amount: int
    refunded_amount: int
    reported_at: datetime
    content_hash: bytes


def record_orders(
    batch: Sequence[OrderSpec], *, at: datetime, origin: facts.Origin | None = None
) -> list[OrderResult]:
    """Record a batch of reported orders; answers in the same order; nobody commits here.

    An unknown order is NEW (fact order.paid). A known one with the same content, or reported earlier
    than what stands, is SAME. A later report that differs is CHANGED (fact order.changed), unless its
    amount lies below what was refunded already: REJECTED. An order that waited to be claimed and is
    now reported with its buyer is claimed. Waiting refunds are applied when their order arrives.
    ``origin`` None follows each spec's cause, else live. An order in another currency than the brand's
    is REJECTED: figures of customers and days never add two currencies.
    """
    # Nobody changes the currency between this look and our commit.
    foundation.advisory_lock("setting", "brand.currency", shared=True)
    currency = foundation.brand_currency()
    hold_places()
    batch = [spec if spec.currency else replace(spec, currency=currency) for spec in batch]
    results: list[OrderResult | None] = [
        OrderResult(Outcome.REJECTED, reason=problem) if (problem := order_problem(spec, currency)) else None
        for spec in batch
    ]
    waiting = [index for index, result in enumerate(results) if result is None]
    while waiting:  # one round, unless a batch holds several reports of one order
        seen: set[Key] = set()
        this_round: list[int] = []
        later: list[int] = []
        for index in waiting:
            key = (batch[index].source, batch[index].order_no)
            (later if key in seen else this_round).append(index)
            seen.add(key)
        answers = _record_distinct([batch[index] for index in this_round], at=at, origin=origin)
        for index, answer in zip(this_round, answers, strict=True):
            results[index] = answer
        waiting = later
    return [result for result in results if result is not None]


def _record_distinct(
    specs: list[OrderSpec], *, at: datetime, origin: facts.Origin | None
) -> list[OrderResult]:
    known = _known(specs)
    fresh = [spec for spec in specs if (spec.source, spec.order_no) not in known]
    added = _insert(_with_subjects(fresh, at=at, origin=origin), at=at, origin=origin)
    raced = [spec for spec in fresh if (spec.source, spec.order_no) not in added]
    known |= _known(raced)
    results = []
    changed: list[tuple[OrderSpec, _Known]] = []
    for spec in specs:
        key = (spec.source, spec.order_no)
        if key in added:
            results.append(OrderResult(Outcome.NEW, added[key]))
            continue
        row = known[key]
        outcome, reason = _compare(spec, row)
        if outcome is Outcome.CHANGED:
            changed.append((spec, row))
        results.append(OrderResult(outcome, row.id, reason))
    _update(changed, at=at, origin=origin)
    _touch(
        [(spec, known[spec.source, spec.order_no]) for spec in specs if (spec.source, spec.order_no) in known]
    )
    claim_reported(
        [
            (was.id, spec.subject_id, spec.cause)
            for spec in specs
            if (was := known.get((spec.source, spec.order_no)))
            and spec.subject_id
            and was.customer_id is None
        ],
        at=at,
    )
    if added:
        apply_waiting(list(added.values()), at=at)
    return results


def _known(specs: Sequence[OrderSpec]) -> dict[Key, _Known]:
    if not specs:
        return {}
    rows = foundation.fetch(
        "SELECT source, order_no, id, customer_id, subject_id, amount, refunded_amount, reported_at, content_hash "
        "FROM records_commerce_order WHERE (source, order_no) IN "
        "(SELECT * FROM unnest(%s::text[], %s::text[])) ORDER BY id FOR UPDATE",
        [foundation.array(spec.source for spec in specs), foundation.array(spec.order_no for spec in specs)],
    )
    return {(row[0], row[1]): _Known._make([*row[2:8], bytes(row[8])]) for row in rows}


def _with_subjects(specs: list[OrderSpec], *, at: datetime, origin: facts.Origin | None) -> list[OrderSpec]:
    """Give each order of an unknown buyer a subject of its own, known by the order number."""
    unknown = [spec for spec in specs if spec.subject_id is None]
    if not unknown:
        return specs
    refs = {
        (spec.source, spec.order_no): customers.IdentityRef("order_no", spec.order_no, spec.source)
        for spec in unknown
    }
    good = {key: ref for key, ref in refs.items() if customers.check_ref(ref) is None}
    found = customers.identify(list(good.values()), at=at, source=OWNER, origin=origin)
    subjects = {key: who.subject_id for key, who in zip(good, found, strict=True)}
    odd = [key for key in refs if key not in good]  # a number that is no identity still has one buyer
    subjects |= dict(zip(odd, facts.new_subjects(len(odd), at=at), strict=True))
    return [
        spec
        if spec.subject_id is not None
        else replace(spec, subject_id=subjects[spec.source, spec.order_no])
        for spec in specs
    ]


def _insert(specs: list[OrderSpec], *, at: datetime, origin: facts.Origin | None) -> dict[Key, int]:
    """Insert what is not there, with lines and facts; returns ids by key."""
    if not specs:
        return {}
    mapped = customers.customers_of({spec.subject_id for spec in specs if spec.subject_id is not None})
    rows = foundation.fetch(
        "INSERT INTO records_commerce_order (source, order_no, subject_id, customer_id, unit_id, employee_id, "
        "paid_at, currency, amount, buyer_hint, backfill, reported_at, content_hash) "
        "SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[], "
        "%s::timestamptz[], %s::text[], %s::bigint[], %s::text[], %s::boolean[], %s::timestamptz[], %s::bytea[]) "
        "ORDER BY 1, 2 ON CONFLICT (source, order_no) DO NOTHING RETURNING source, order_no, id",
        [
            foundation.array(spec.source for spec in specs),
            foundation.array(spec.order_no for spec in specs),
            foundation.array(spec.subject_id for spec in specs),
            foundation.array(mapped.get(spec.subject_id or 0) for spec in specs),
            foundation.array(spec.unit_id for spec in specs),
            foundation.array(spec.employee_id for spec in specs),
            foundation.array(spec.paid_at for spec in specs),
            foundation.array(spec.currency for spec in specs),
            foundation.array(total_of(spec) for spec in specs),
            foundation.array(spec.buyer_hint[:100] for spec in specs),
            foundation.array(_origin_of(spec, origin) is not facts.Origin.LIVE for spec in specs),
            foundation.array(spec.reported_at for spec in specs),
            foundation.array(content_hash(spec) for spec in specs),
        ],
    )
    ids = {(source, order_no): order_id for source, order_no, order_id in rows}
    written = [
        (ids[spec.source, spec.order_no], spec) for spec in specs if (spec.source, spec.order_no) in ids
    ]
    write_lines([(order_id, spec.lines) for order_id, spec in written])
    facts.record([_paid(order_id, spec, origin) for order_id, spec in written], at=at)
    return ids


def _origin_of(spec: OrderSpec, origin: facts.Origin | None) -> facts.Origin:
    return origin or (spec.cause.origin if spec.cause else facts.Origin.LIVE)


def _paid(order_id: int, spec: OrderSpec, origin: facts.Origin | None) -> facts.NewFact:
    return facts.NewFact(
        name=ORDER_PAID.name,
        payload=OrderPaid(
            order_id=order_id,
            source=spec.source,
            order_no=spec.order_no,
            amount=total_of(spec),
            currency=spec.currency,
            unit_id=spec.unit_id,
            employee_id=spec.employee_id,
            line_count=len(spec.lines),
        ),
        occurred_at=spec.paid_at,
        subject_id=spec.subject_id,
        source=OWNER,
        external_id=f"order:{order_id}:paid",
        origin=origin,
        cause=spec.cause,
    )


def _compare(spec: OrderSpec, row: _Known) -> tuple[Outcome, Reject | None]:
    digest = content_hash(spec)
    if digest == row.content_hash or not supersedes(
        (spec.reported_at, digest), (row.reported_at, row.content_hash)
    ):
        return Outcome.SAME, None
    if total_of(spec) < row.refunded_amount:
        return Outcome.REJECTED, Reject.BELOW_REFUNDED
    return Outcome.CHANGED, None


def _touch(pairs: list[tuple[OrderSpec, _Known]]) -> None:
    """Remember the latest report of unchanged content, so that an older, different one cannot win later."""
    later = [
        (row.id, spec.reported_at)
        for spec, row in pairs
        if content_hash(spec) == row.content_hash and spec.reported_at > row.reported_at
    ]
    if later:
        foundation.execute(
            "UPDATE records_commerce_order o SET reported_at = v.at "
            "FROM unnest(%s::bigint[], %s::timestamptz[]) AS v(id, at) WHERE o.id = v.id",
            [
                foundation.array(order_id for order_id, _at in later),
                foundation.array(moment for _order_id, moment in later),
            ],
        )


def _update(changed: list[tuple[OrderSpec, _Known]], *, at: datetime, origin: facts.Origin | None) -> None:
    if not changed:
        return
    foundation.execute(
        "UPDATE records_commerce_order o SET unit_id = v.unit_id, employee_id = v.employee_id, "
        "paid_at = v.paid_at, currency = v.currency, amount = v.amount, reported_at = v.reported_at, "
        "content_hash = v.hash FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::timestamptz[], "
        "%s::text[], %s::bigint[], %s::timestamptz[], %s::bytea[]) "
        "AS v(id, unit_id, employee_id, paid_at, currency, amount, reported_at, hash) WHERE o.id = v.id",
        [
            foundation.array(row.id for _spec, row in changed),
            foundation.array(spec.unit_id for spec, _row in changed),
            foundation.array(spec.employee_id for spec, _row in changed),
            foundation.array(spec.paid_at for spec, _row in changed),
            foundation.array(spec.currency for spec, _row in changed),
            foundation.array(total_of(spec) for spec, _row in changed),
            foundation.array(spec.reported_at for spec, _row in changed),
            foundation.array(content_hash(spec) for spec, _row in changed),
        ],
    )
    replace_lines([(row.id, spec.lines) for spec, row in changed])
    facts.record(
        [
            facts.NewFact(
                name=ORDER_CHANGED.name,
                payload=OrderChanged(row.id, total_of(spec), row.amount),
                occurred_at=spec.reported_at,
                subject_id=row.subject_id,
                source=OWNER,
                external_id=f"order:{row.id}:changed:{content_hash(spec).hex()}:{spec.reported_at.timestamp()}",
                origin=origin,
                cause=spec.cause,
            )
            for spec, row in changed
        ],
        at=at,
    )
