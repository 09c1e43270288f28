"""Second half of an import: staged rows become customers, orders and refunds, group by group."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress

from django.db import OperationalError

from siyu.connectors.commerce.models import Import
from siyu.connectors.commerce.parsing import ParsedRow
from siyu.connectors.commerce.problems import RowProblem
from siyu.connectors.commerce.reading import RawRow
from siyu.connectors.commerce.staging import quarantine, staged_groups
from siyu.facts.api import Origin
from siyu.foundation import api as foundation
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

log = logging.getLogger("siyu.imports")
CHUNK = 2_000
MAX_LINES = 1_000
MAX_FAILED = 10
Group = tuple[bytes, list[tuple[int, ParsedRow]]]


@dataclass(frozen=True, slots=True)
class _Order:
    """One order of the file: its number in the records, its rows, its row numbers."""

    order_no: str
    rows: tuple[ParsedRow, ...]
    numbers: tuple[int, ...]

    @property
    def head(self) -> ParsedRow:
        """The row that speaks for what all rows of an order share."""
        return self.rows[0]


def write_chunk(run: Import, *, at: datetime) -> bool:
    """Write the next groups in the caller's transaction; False when none is left.

    Staged rows vanish with the same transaction that writes their orders, so a kill in the middle
    neither loses nor repeats one.
    """
    groups = staged_groups(run, CHUNK)
    if not groups:
        return False
    _write_or_split(run, groups, [], at=at)
    last = groups[-1][0]
    foundation.execute(
        # Bounded below as well: the index still holds what earlier chunks deleted.
        "DELETE FROM connectors_commerce_stagedrow WHERE run_id = %s AND group_key > %s AND group_key <= %s",
        [run.pk, run.last_group or b"", last],
    )
    run.last_group = last
    run.rows_written += sum(len(rows) for _key, rows in groups)
    run.save()
    return True


def _write_or_split(run: Import, groups: list[Group], failed: list[bytes], *, at: datetime) -> None:
    """Halve a chunk that fails until the group that cannot be recorded stands alone, in quarantine.

    Many such groups in one chunk are no matter of rows: then the chunk fails and is tried again later.
    """
    before = {name: getattr(run, name) for name in COUNTS}
    try:
        with foundation.savepoint():
            _write(run, groups, at=at)
    except OperationalError:
        raise  # the database is in trouble, not the rows
    except Exception:
        for name, value in before.items():
            setattr(run, name, value)
        if len(failed) >= MAX_FAILED:
            raise
        if len(groups) > 1:
            middle = len(groups) // 2
            _write_or_split(run, groups[:middle], failed, at=at)
            _write_or_split(run, groups[middle:], failed, at=at)
            return
        failed.append(groups[0][0])
        log.exception("order cannot be recorded", extra={"import_id": run.pk, "row": groups[0][1][0][0]})
        _refuse(run, groups[0][1], RowProblem("not_recorded"))
        run.orders_rejected += 1


COUNTS = ("orders_new", "orders_same", "orders_changed", "orders_rejected", "amount_new", "rows_bad")


def _write(run: Import, groups: list[Group], *, at: datetime) -> None:
    orders: list[_Order] = []
    for key, rows in groups:
        if rows[0][1].order_no and len(rows) > MAX_LINES:
            _refuse(run, rows, RowProblem("order_too_long", limit=MAX_LINES))
            run.orders_rejected += 1
        else:
            orders.extend(_orders_of(key, rows))
    subjects = _buyers(run, orders, at=at)
    units = staff.units_by_code({o.head.store_code for o in orders if o.head.store_code}, at=at)
    clerks = staff.employees_by_userid({o.head.clerk_userid for o in orders if o.head.clerk_userid}, at=at)
    specs = [
        commerce.OrderSpec(
            source=order.head.source,
            order_no=order.order_no,
            paid_at=datetime.fromisoformat(order.head.paid_at),
            lines=tuple(
                commerce.LineSpec(number, row.sku, row.product, row.quantity, row.amount)
                for number, row in enumerate(order.rows, start=1)
            ),
            reported_at=run.reported_at,
            subject_id=subject_id,
            unit_id=units[order.head.store_code].id if order.head.store_code in units else None,
            employee_id=clerks[order.head.clerk_userid].id if order.head.clerk_userid in clerks else None,
            currency=order.head.currency,
            buyer_hint=order.head.hint,
        )
        for order, subject_id in zip(orders, subjects, strict=True)
    ]
    results = commerce.record_orders(specs, at=at, origin=Origin.BACKFILL)
    for order, result in zip(orders, results, strict=True):
        _count(run, order, result)
    kept = [result.outcome is not commerce.Outcome.REJECTED for result in results]
    # The refund of a refused order is refused with its rows: kept alone, it would wait for an order that may come
    # from elsewhere, and nobody would hear what became of it.
    _refunds(run, list(compress(orders, kept)), list(compress(specs, kept)), at=at)


def _orders_of(key: bytes, rows: list[tuple[int, ParsedRow]]) -> list[_Order]:
    """One order with its lines; or, without order numbers, an order for each of the equal rows."""
    number = rows[0][1].order_no
    if number:
        return [_Order(number, tuple(row for _n, row in rows), tuple(n for n, _row in rows))]
    return [_Order(f"{key.hex()}-{count}", (row,), (n,)) for count, (n, row) in enumerate(rows, start=1)]


def _refs(row: ParsedRow, data_set: str) -> list[customers.IdentityRef]:
    refs = []
    if row.member_no:
        refs.append(customers.IdentityRef("member_no", row.member_no, data_set))
    if row.phone:
        refs.append(customers.IdentityRef("phone", row.phone))
    if row.unionid:
        refs.append(customers.IdentityRef("unionid", row.unionid))
    return refs


def _buyers(run: Import, orders: Sequence[_Order], *, at: datetime) -> list[int | None]:
    """The buyer's subject of each order; None for unknown buyers. Several identities are linked."""
    refs = [_refs(order.head, run.data_set) for order in orders]
    several = list({tuple(group): None for group in refs if len(group) > 1})
    if several:
        customers.link(several, at=at, source=_source(run), origin=Origin.BACKFILL)
    firsts = list({group[0]: None for group in refs if group})
    found = dict(
        zip(
            firsts,
            customers.identify(firsts, at=at, source=_source(run), origin=Origin.BACKFILL),
            strict=True,
        )
    )
    _name_buyers(run, orders, refs, found, at=at)
    return [found[group[0]].subject_id if group else None for group in refs]


def _name_buyers(
    run: Import,
    orders: Sequence[_Order],
    refs: Sequence[Sequence[customers.IdentityRef]],
    found: dict[customers.IdentityRef, customers.Identified],
    *,
    at: datetime,
) -> None:
    """Names from an old file fill gaps; they never replace what somebody knows already."""
    names: dict[int, str] = {}
    for order, group in zip(orders, refs, strict=True):
        customer_id = found[group[0]].customer_id if group else None
        if customer_id is not None and order.head.name:
            names[customer_id] = order.head.name
    if not names:
        return
    known = customers.profiles(names)
    unnamed = [
        customers.ProfileSpec(customer_id, name=name)
        for customer_id, name in names.items()
        if customer_id in known and not known[customer_id].name
    ]
    if unnamed:
        customers.update_profiles(unnamed, at=at, source=_source(run), origin=Origin.BACKFILL)


def _source(run: Import) -> str:
    return f"connectors_commerce:{run.data_set}"


def _count(run: Import, order: _Order, result: commerce.OrderResult) -> None:
    if result.outcome is commerce.Outcome.NEW:
        run.orders_new += 1
        run.amount_new += sum(row.amount for row in order.rows)
    elif result.outcome is commerce.Outcome.CHANGED:
        run.orders_changed += 1
    elif result.outcome is commerce.Outcome.REJECTED:
        run.orders_rejected += 1
        code = result.reason.value if result.reason else ""
        rows = list(zip(order.numbers, order.rows, strict=True))
        _refuse(run, rows, RowProblem("order_differs", reject=code))
    else:
        run.orders_same += 1


def _refuse(run: Import, rows: Sequence[tuple[int, ParsedRow]], problem: RowProblem) -> None:
    quarantine(run.pk, [(RawRow(number, row.cells), problem) for number, row in rows])
    run.rows_bad += len(rows)


def _refunds(
    run: Import, orders: Sequence[_Order], specs: Sequence[commerce.OrderSpec], *, at: datetime
) -> None:
    """Rows marked as refunded give back what their lines cost, at the time of payment (no other is known).

    Where that is refused, the rows stand among the refused ones with the reason, though their order is kept.
    """
    told = [pair for pair in zip(orders, specs, strict=True) if any(row.refunded for row in pair[0].rows)]
    back = [
        commerce.RefundSpec(
            source=spec.source,
            order_no=spec.order_no,
            refund_no="import",
            refunded_at=spec.paid_at,
            lines=tuple(
                commerce.RefundLineSpec(line.line_no, line.quantity, line.amount)
                for line, row in zip(spec.lines, order.rows, strict=True)
                if row.refunded
            ),
        )
        for order, spec in told
    ]
    if not back:
        return
    results = commerce.record_refunds(back, at=at, origin=Origin.BACKFILL)
    for (order, _spec), result in zip(told, results, strict=True):
        if result.outcome is commerce.Outcome.REJECTED:
            code = result.reason.value if result.reason else ""
            rows = [pair for pair in zip(order.numbers, order.rows, strict=True) if pair[1].refunded]
            _refuse(run, rows, RowProblem("refund_refused", reject=code))
