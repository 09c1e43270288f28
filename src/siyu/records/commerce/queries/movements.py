"""Money in and out in one list: orders paid and refunds made."""

from __future__ import annotations

from datetime import datetime

from siyu.foundation import api as foundation
from siyu.kit.pagination import Page
from siyu.records.commerce.contracts import Movement
from siyu.records.staff import api as staff


def movements(
    scope: staff.Scope,
    *,
    start: datetime,
    end: datetime,
    known_buyers: bool = False,
    page: int = 1,
    size: int = 50,
) -> Page[Movement]:
    """Orders paid and refunds made from ``start`` to before ``end``, latest first.

    The sum of their amounts is what ``sales_by_day`` counts: paid less refunded.
    """
    where, params = ("TRUE", []) if scope.all else (
        "(o.unit_id = ANY(%s) OR o.employee_id = ANY(%s))", [list(scope.unit_ids), list(scope.employee_ids)]
    )  # fmt: skip
    if known_buyers:
        where += " AND o.customer_id IS NOT NULL"
    both = f"""
        SELECT o.id, o.order_no, o.paid_at AS at, o.customer_id, o.amount AS amount, 0::bigint AS refund_id
        FROM records_commerce_order o WHERE o.paid_at >= %s AND o.paid_at < %s AND {where}
        UNION ALL
        SELECT o.id, o.order_no, r.refunded_at, o.customer_id, -r.amount, r.id
        FROM records_commerce_refund r JOIN records_commerce_order o ON o.id = r.order_id
        WHERE r.state = 'applied' AND r.refunded_at >= %s AND r.refunded_at < %s AND {where}"""
    values = [start, end, *params, start, end, *params]
    total = foundation.fetch(f"SELECT count(*) FROM ({both}) m", values)[0][0]
    rows = foundation.fetch(
        f"SELECT id, order_no, at, customer_id, amount FROM ({both}) m"
        " ORDER BY at DESC, id DESC, refund_id DESC LIMIT %s OFFSET %s",
        [*values, size, (max(1, page) - 1) * size],
    )
    return Page([Movement(*row) for row in rows], total, max(1, page), size)
