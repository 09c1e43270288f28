"""What needs somebody now."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.metrics import counting, rules
from siyu.insights.metrics.contracts import Attention
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff.contracts import Scope

LOOK_BACK = timedelta(days=30)


def attention(*, scope: Scope, at: datetime) -> list[Attention]:
    """What needs somebody now, most pressing first; items of count 0 are left out.

    Dead letters are the whole installation's and shown only to those who see everything. Deliveries and
    tasks are looked at for 30 days back.
    """
    found = [
        Attention(
            "dead_letters", _("Facts that could not be handled"), _dead(scope), "dead_letters", "danger"
        ),
        Attention(
            "deliveries_unknown",
            _("Messages with unknown outcome"),
            _deliveries(scope, at, rules.DELIVERY_UNKNOWN),
            "deliveries_unknown",
            "danger",
        ),
        Attention("tasks_overdue", _("Overdue tasks"), _overdue(scope, at), "tasks_overdue", "warning"),
        Attention(
            "deliveries_held",
            _("Messages held back"),
            _deliveries(scope, at, rules.DELIVERY_HELD),
            "deliveries_held",
            "warning",
        ),
        Attention("merge_cases", _("Customers that may be one person"), _cases(scope), "merge_cases", "info"),
        Attention(
            "orders_unmatched", _("Orders without customer"), _unmatched(scope), "orders_unmatched", "info"
        ),
    ]
    return [item for item in found if item.count]


def _cases(scope: Scope) -> int:
    """Only for those who see everything: deciding needs both sides."""
    return len(customers.merge_cases(scope=scope)) if scope.all else 0


def _dead(scope: Scope) -> int:
    return facts.count_dead() if scope.all else 0


def _unmatched(scope: Scope) -> int:
    return commerce.unmatched(scope, size=1).total


def _deliveries(scope: Scope, at: datetime, kind: str) -> int:
    """Deliveries whose last known step is ``kind``."""
    where, params = counting.employee_scope(scope)
    others = [
        k
        for k in (rules.DELIVERY_HELD, rules.DELIVERY_UNKNOWN, rules.DELIVERY_FAILED, rules.DELIVERY_MOVED)
        if k != kind
    ]
    return int(
        foundation.fetch(
            f"SELECT count(DISTINCT e.ref) FROM {counting.ENTRY} e WHERE e.kind = %s AND e.day >= %s AND {where}"
            f" AND NOT EXISTS (SELECT 1 FROM {counting.ENTRY} d WHERE d.kind = ANY(%s) AND d.ref = e.ref"
            " AND (d.occurred_at, d.fact_id) > (e.occurred_at, e.fact_id))",
            [kind, (at - LOOK_BACK).astimezone(foundation.brand_zone()).date(), *params, others],
        )[0][0]
    )


def _overdue(scope: Scope, at: datetime) -> int:
    where, params = counting.employee_scope(scope)
    today = at.astimezone(foundation.brand_zone()).date()
    return int(
        foundation.fetch(
            f"SELECT count(*) FROM {counting.ENTRY} e WHERE e.kind = %s AND e.day < %s AND e.day >= %s AND {where}"
            f" AND NOT EXISTS (SELECT 1 FROM {counting.ENTRY} d WHERE d.kind = %s AND d.ref = e.ref)",
            [rules.TASK_DUE, today, today - LOOK_BACK, *params, rules.TASK_CLOSED],
        )[0][0]
    )
