"""The fields of the card: what lists may filter and sort by and what rule trees may compare."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from siyu.insights.cards.contracts import CardField, FieldKind, Op

_EMPTINESS = (Op.EMPTY, Op.NOT_EMPTY)
_COMPARE = (Op.AT_LEAST, Op.AT_MOST, Op.MORE_THAN, Op.LESS_THAN, Op.IS, Op.IS_NOT)
_OPS: dict[FieldKind, tuple[Op, ...]] = {
    FieldKind.TEXT: (Op.IS, Op.IS_NOT, Op.CONTAINS, *_EMPTINESS),
    FieldKind.NUMBER: (*_COMPARE, *_EMPTINESS),
    FieldKind.MONEY: _COMPARE,
    FieldKind.TIME: (Op.WITHIN_DAYS, Op.OVER_DAYS, Op.BEFORE, Op.SINCE, *_EMPTINESS),
    FieldKind.CHOICE: (Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF),
    FieldKind.TAGS: (Op.HAS, Op.HAS_NOT, *_EMPTINESS),
    FieldKind.REFERENCE: (Op.IS, Op.IS_NOT, Op.ONE_OF, Op.NONE_OF, *_EMPTINESS),
}

# The stages' names are scoring's; cards only has to know which values may be asked for.
_STAGES = {
    "prospect": pgettext_lazy("stage", "Not bought yet"),
    "new": pgettext_lazy("stage", "New buyer"),
    "active": pgettext_lazy("stage", "Active"),
    "at_risk": pgettext_lazy("stage", "At risk"),
    "dormant": pgettext_lazy("stage", "Dormant"),
    "lost": pgettext_lazy("stage", "Lost"),
}


def _field(
    name: str,
    kind: FieldKind,
    label: object,
    *,
    sortable: bool = True,
    choices: Mapping[str, object] | None = None,
) -> CardField:
    return CardField(name, kind, label, _OPS[kind], sortable=sortable, choices=choices or {})


card_fields: tuple[CardField, ...] = (
    _field("name", FieldKind.TEXT, pgettext_lazy("customer", "Name"), sortable=False),
    _field("tags", FieldKind.TAGS, pgettext_lazy("customer", "Tags"), sortable=False),
    _field("stage", FieldKind.CHOICE, _("Life-cycle stage"), sortable=False, choices=_STAGES),
    _field("r", FieldKind.NUMBER, _("Recency score"), sortable=False),
    _field("f", FieldKind.NUMBER, _("Frequency score"), sortable=False),
    _field("m", FieldKind.NUMBER, _("Monetary score"), sortable=False),
    _field("orders", FieldKind.NUMBER, _("Paid orders")),
    _field("spent_total", FieldKind.MONEY, _("Paid in total")),
    _field("refunded_total", FieldKind.MONEY, _("Refunded in total")),
    _field("net_total", FieldKind.MONEY, _("Paid net of refunds")),
    _field("first_order_at", FieldKind.TIME, _("First order")),
    _field("last_order_at", FieldKind.TIME, _("Last order")),
    _field("last_active_at", FieldKind.TIME, _("Last active")),
    _field("friend_count", FieldKind.NUMBER, _("Employees who are friends"), sortable=False),
    _field("points_balance", FieldKind.NUMBER, _("Points")),
    _field("channel", FieldKind.TEXT, _("Source channel"), sortable=False),
    _field("employee_id", FieldKind.REFERENCE, _("Steward"), sortable=False),
    _field("unit_id", FieldKind.REFERENCE, _("Store"), sortable=False),
    _field("created_at", FieldKind.TIME, _("Customer since")),
)

FIELDS: dict[str, CardField] = {field.name: field for field in card_fields}

OP_LABELS: dict[Op, object] = {
    Op.IS: pgettext_lazy("comparison", "is"),
    Op.IS_NOT: pgettext_lazy("comparison", "is not"),
    Op.AT_LEAST: pgettext_lazy("comparison", "at least"),
    Op.AT_MOST: pgettext_lazy("comparison", "at most"),
    Op.MORE_THAN: pgettext_lazy("comparison", "more than"),
    Op.LESS_THAN: pgettext_lazy("comparison", "less than"),
    Op.ONE_OF: pgettext_lazy("comparison", "one of"),
    Op.NONE_OF: pgettext_lazy("comparison", "none of"),
    Op.CONTAINS: pgettext_lazy("comparison", "contains"),
    Op.HAS: pgettext_lazy("comparison", "has"),
    Op.HAS_NOT: pgettext_lazy("comparison", "has not"),
    Op.EMPTY: pgettext_lazy("comparison", "is empty"),
    Op.NOT_EMPTY: pgettext_lazy("comparison", "is not empty"),
    Op.WITHIN_DAYS: pgettext_lazy("comparison", "within the last days"),
    Op.OVER_DAYS: pgettext_lazy("comparison", "more than days ago"),
    Op.BEFORE: pgettext_lazy("comparison", "before"),
    Op.SINCE: pgettext_lazy("comparison", "since"),
}

# The facts that move a field, so that a change of it can name its cause.
_ORDERS = ("order.paid", "order.changed", "order.claimed", "order.refunded")
MOVED_BY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("orders", "spent_total", "net_total", "r", "f", "m"), _ORDERS),
    **dict.fromkeys(
        ("first_order_at", "last_order_at", "stage"), ("order.paid", "order.claimed", "order.changed")
    ),
    "refunded_total": ("order.refunded",),
    "friend_count": ("contact.added", "contact.ended"),
    "channel": ("channel.attributed", "contact.added"),
    "points_balance": ("points.posted",),
    "employee_id": ("customer.assigned",),
    "unit_id": ("customer.assigned",),
    "name": ("customer.updated", "customer.created"),
    "created_at": ("customer.created",),
    "last_active_at": ("order.paid", "page.viewed", "contact.added"),
    "tags": ("customer.tagged", "customer.untagged"),
}

MOVES: dict[str, frozenset[str]] = {
    name: frozenset(field for field, names in MOVED_BY.items() if name in names)
    for name in {name for names in MOVED_BY.values() for name in names}
}
