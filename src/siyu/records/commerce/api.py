"""Front door of commerce."""

from siyu.records.commerce.contracts import (
    CustomerTotals,
    DaySales,
    LineSpec,
    LineView,
    Movement,
    OrderFilter,
    OrderReported,
    OrderResult,
    OrderSpec,
    OrderState,
    OrderView,
    Outcome,
    RefundLineSpec,
    RefundReported,
    RefundResult,
    RefundSpec,
    RefundView,
    Reject,
    ReportedLine,
    ReportedRefundLine,
    SourceMatch,
)
from siyu.records.commerce.labels import describe_reject, describe_state
from siyu.records.commerce.operations.claims import claim_order
from siyu.records.commerce.operations.orders import record_orders
from siyu.records.commerce.operations.rates import keep_match_rates
from siyu.records.commerce.operations.refunds import record_refunds
from siyu.records.commerce.queries.figures import (
    customer_totals,
    many_orders,
    match_rates,
    repurchase,
    repurchase_by_day,
    sales_by_day,
    subject_totals,
)
from siyu.records.commerce.queries.movements import movements
from siyu.records.commerce.queries.orders import get_order, orders, orders_by_id, orders_of, unmatched

__all__ = [
    "CustomerTotals",
    "DaySales",
    "LineSpec",
    "LineView",
    "Movement",
    "OrderFilter",
    "OrderReported",
    "OrderResult",
    "OrderSpec",
    "OrderState",
    "OrderView",
    "Outcome",
    "RefundLineSpec",
    "RefundReported",
    "RefundResult",
    "RefundSpec",
    "RefundView",
    "Reject",
    "ReportedLine",
    "ReportedRefundLine",
    "SourceMatch",
    "claim_order",
    "customer_totals",
    "describe_reject",
    "describe_state",
    "get_order",
    "keep_match_rates",
    "match_rates",
    "movements",
    "orders",
    "orders_by_id",
    "orders_of",
    "record_orders",
    "record_refunds",
    "many_orders",
    "repurchase",
    "repurchase_by_day",
    "sales_by_day",
    "subject_totals",
    "unmatched",
]
