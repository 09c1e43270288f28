"""Orders of unknown buyers get their customer: by a later report, a late identification or a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import Conflict, NotFound
from siyu.records.commerce.contracts import ORDER_CLAIMED, OWNER, OrderClaimed
from siyu.records.commerce.models import Order
from siyu.records.commerce.operations.places import hold_places
from siyu.records.commerce.operations.refunds import apply_waiting
from siyu.records.commerce.queries.orders import scoped
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

SWEEP = 5_000
"""What one sweep completes at most; the next one takes up the rest."""


def claim_order(
    order_id: int, customer_id: int, *, by: foundation.Principal, scope: staff.Scope, at: datetime
) -> None:
    """Give an order that waits (待认领) to a customer: fact order.claimed, and points if it earns any.

    Raises NotFound when order or customer is unknown or out of scope, Conflict("order.claimed") when
    it belongs to somebody already, Conflict("customer.erased"). Writes an audit row.
    """
    customer = customers.get_customer(customer_id, scope=scope)
    if customer.erased:
        raise Conflict("customer.erased", _("This customer's data was erased; choose another customer."))
    hold_places()
    foundation.lock_rows(Order, [order_id])
    order = Order.objects.filter(scoped(scope), pk=order_id).first()
    if order is None:
        raise NotFound("order.unknown", _("There is no such order."))
    if order.customer_id is not None:
        raise Conflict("order.claimed", _("This order belongs to a customer already."))
    # The buyer's subject is this customer: other orders of the same unknown buyer come along.
    customers.claim_subject(order.subject_id, customer.id, at=at)
    follow_map([order.subject_id], at=at)
    foundation.audit(by, "order.claimed", "order", order_id, {"customer_id": customer.id}, at=at)


def claim_reported(reported: Sequence[tuple[int, int, facts.Fact | None]], *, at: datetime) -> None:
    """(order, subject, cause): a later report named the buyer of an order that waits; locked already."""
    if not reported:
        return
    mapped = customers.customers_of({subject_id for _order, subject_id, _cause in reported})
    _claim(
        [
            (order_id, subject_id, mapped[subject_id], cause)
            for order_id, subject_id, cause in reported
            if subject_id in mapped
        ],
        at=at,
    )


def follow_map(subject_ids: Iterable[int], *, at: datetime, cause: facts.Fact | None = None) -> int:
    """Make the orders of these subjects follow the subject map; returns how many changed.

    An order that waited and now has a customer is claimed; one whose customer was merged or unmerged
    moves without a fact of its own.
    """
    hold_places()
    mapped = customers.customers_of(set(subject_ids))
    if not mapped:
        return 0
    rows = foundation.fetch(
        "SELECT o.id, o.subject_id, v.customer_id, o.customer_id IS NULL FROM records_commerce_order o "
        "JOIN unnest(%s::bigint[], %s::bigint[]) AS v(subject_id, customer_id) ON v.subject_id = o.subject_id "
        "WHERE o.customer_id IS DISTINCT FROM v.customer_id ORDER BY o.id FOR UPDATE OF o",
        [list(mapped), list(mapped.values())],
    )
    _claim([(row[0], row[1], row[2], cause) for row in rows if row[3]], at=at)
    moved = [row for row in rows if not row[3]]
    foundation.execute(
        "UPDATE records_commerce_order o SET customer_id = v.customer_id "
        "FROM unnest(%s::bigint[], %s::bigint[]) AS v(id, customer_id) WHERE o.id = v.id",
        [[row[0] for row in moved], [row[2] for row in moved]],
    )
    return len(rows)


def match_all(*, at: datetime) -> int:
    """Sweep what two transactions at one moment may have missed: unclaimed orders, waiting refunds."""
    # Only whose buyer is known: a brand may have any number of orders that nobody can claim.
    unclaimed = foundation.fetch(
        f"SELECT DISTINCT o.subject_id FROM records_commerce_order o JOIN {customers.SUBJECT_MAP} m "
        "ON m.subject_id = o.subject_id WHERE o.customer_id IS NULL LIMIT %s",
        [SWEEP],
    )
    changed = follow_map([row[0] for row in unclaimed], at=at)
    late = foundation.fetch(
        "SELECT DISTINCT o.id FROM records_commerce_refund r JOIN records_commerce_order o "
        "ON (o.source, o.order_no) = (r.source, r.order_no) WHERE r.state = 'waiting' LIMIT %s",
        [SWEEP],
    )
    apply_waiting([row[0] for row in late], at=at)
    return changed + len(late)


def _claim(claims: Sequence[tuple[int, int, int, facts.Fact | None]], *, at: datetime) -> None:
    """(order, subject, customer, cause): set buyer and record order.claimed."""
    if not claims:
        return
    rows = foundation.fetch(
        "UPDATE records_commerce_order o SET subject_id = v.subject_id, customer_id = v.customer_id "
        "FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS v(id, subject_id, customer_id) "
        "WHERE o.id = v.id AND o.customer_id IS NULL RETURNING o.id, o.subject_id, o.backfill",
        [[claim[0] for claim in claims], [claim[1] for claim in claims], [claim[2] for claim in claims]],
    )
    causes = {claim[0]: claim[3] for claim in claims}
    facts.record(
        [
            facts.NewFact(
                name=ORDER_CLAIMED.name,
                payload=OrderClaimed(order_id),
                occurred_at=at,
                subject_id=subject_id,
                source=OWNER,
                external_id=f"order:{order_id}:claimed",
                # Whoever claims an imported order late: nobody is greeted or paid for old history.
                origin=facts.Origin.BACKFILL if backfill else None,
                cause=causes[order_id],
            )
            for order_id, subject_id, backfill in rows
        ],
        at=at,
    )
