"""The columns of the customer list and its CSV: what may be shown, what may be sorted by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.insights.cards import api as cards
from siyu.insights.scoring import api as scoring
from siyu.interfaces.ui.api import brand
from siyu.interfaces.ui.display import exact
from siyu.kit.money import format_plain


@dataclass(frozen=True)
class Column:
    """One column: its key in the address, its heading, its sort field and its cell in a CSV."""

    key: str
    label: Promise
    sort: str
    cell: Callable[[cards.CardView], object]
    css: str = ""
    shown: bool = True


def _time(moment: datetime | None) -> str:
    return exact(moment) if moment is not None else ""


def _plain_money(amount: int) -> str:
    return format_plain(amount, brand().currency)


def _stage(card: cards.CardView) -> str:
    known = list(scoring.Stage)
    return str(scoring.STAGE_LABELS[scoring.Stage(card.stage)]) if card.stage in known else card.stage


COLUMNS: tuple[Column, ...] = (
    Column("stage", _("Stage"), "", _stage),
    Column("rfm", _("RFM"), "", lambda c: f"{c.r or '-'}/{c.f or '-'}/{c.m or '-'}", shown=False),
    Column("steward", _("Steward"), "", lambda c: c.employee_name),
    Column("store", _("Store"), "", lambda c: c.unit_name, shown=False),
    Column("tags", _("Tags"), "", lambda c: "、".join(c.tags)),
    Column("channel", _("Source"), "", lambda c: c.channel),
    Column("orders", _("Orders"), "orders", lambda c: c.orders, "siyu-num"),
    Column("spent", _("Net spent"), "net_total", lambda c: _plain_money(c.net_total), "siyu-num"),
    Column("points", _("Points"), "points_balance", lambda c: c.points_balance, "siyu-num", shown=False),
    Column("friends", _("Friends"), "", lambda c: c.friend_count, "siyu-num", shown=False),
    Column("last_order", _("Last order"), "last_order_at", lambda c: _time(c.last_order_at)),
    Column("last_active", _("Last active"), "last_active_at", lambda c: _time(c.last_active_at)),
    Column("created", _("Customer since"), "created_at", lambda c: _time(c.created_at), shown=False),
)
SORTS = frozenset(column.sort for column in COLUMNS if column.sort)


def chosen(keys: Sequence[str]) -> list[Column]:
    """The columns asked for in the list's order; the usual ones where none was asked for."""
    wanted = [column for column in COLUMNS if column.key in keys]
    return wanted or [column for column in COLUMNS if column.shown]
