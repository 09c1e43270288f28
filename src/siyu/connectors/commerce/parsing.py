"""One row of cells becomes one order line, or a problem with a reason."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, time, timedelta
from operator import attrgetter
from typing import Any
from zoneinfo import ZoneInfo

from siyu.connectors.commerce.mapping import Preset
from siyu.connectors.commerce.problems import RowProblem
from siyu.kit.money import format_minor, parse_minor
from siyu.records.customers import api as customers

PAID = frozenset(
    (
        "",
        "paid",
        "completed",
        "success",
        "已付款",
        "已支付",
        "支付成功",
        "已完成",
        "交易成功",
        "已发货",
        "待发货",
        "已收货",
    )
)
REFUNDED = frozenset(("refunded", "已退款", "退款成功", "全额退款", "已退货"))
NOT_PAID = frozenset(
    (
        "unpaid",
        "pending",
        "cancelled",
        "canceled",
        "closed",
        "待付款",
        "未付款",
        "已取消",
        "交易关闭",
        "已关闭",
    )
)
COMPACT = re.compile(r"\d{8}")
SLASHES = re.compile(r"[/.年月]")
SINCE = datetime(1990, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class ParsedRow:
    """A usable row. ``paid_at`` is shifted already, ISO text; ``amount`` in 分."""

    order_no: str  # empty where the file has none: the row is then an order of its own
    source: str
    paid_at: str
    phone: str
    unionid: str
    member_no: str
    name: str
    hint: str
    store_code: str
    clerk_userid: str
    sku: str
    product: str
    quantity: int
    amount: int
    refunded: bool
    currency: str
    cells: tuple[str, ...]  # as they were, for the quarantine

    def pack(self) -> bytes:
        """As bytes, for staging."""
        return ENCODER.encode(VALUES(self)).encode()

    @classmethod
    def unpack(cls, packed: bytes) -> ParsedRow:
        """Back from staging."""
        values: list[Any] = json.loads(packed)
        values[-1] = tuple(values[-1])
        return cls(*values)


VALUES = attrgetter(*(field.name for field in fields(ParsedRow)))
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Reader:
    """Parses the rows of one import; ``zone`` and ``currency`` are the brand's."""

    preset: Preset
    data_set: str
    columns: Mapping[str, int]
    width: int
    shift_days: int
    at: datetime
    zone: ZoneInfo
    currency: str

    def parse(self, cells: Sequence[str]) -> ParsedRow:
        """Raises RowProblem for a row that cannot be used."""
        if (
            len(cells) != self.width
            and any(cell.strip() for cell in cells[self.width :])
            or len(cells) < self.width
        ):
            raise RowProblem("cells", found=len(cells), expected=self.width)
        known = {field: _clean(cells[position]) for field, position in self.columns.items()}

        def get(field: str) -> str:
            return known.get(field, "")

        order_no = get("order_no")
        if "order_no" in self.columns and not order_no:
            raise RowProblem("no_order_no")
        if len(order_no) > 100:
            raise RowProblem("long_order_no")
        member_no = get("member_no")
        if not _usable("member_no", member_no, self.data_set):
            if "member_no" in self.preset.required:
                raise RowProblem("no_member")
            member_no = ""
        unionid = get("unionid")
        phone, hint = _phone(get("phone"))
        name = get("buyer_name")
        masked = "*" in name
        return ParsedRow(
            order_no=order_no,
            source=_source(get("source"), self.data_set),
            paid_at=self._moment(get("paid_at")).isoformat(),
            phone=phone,
            unionid=unionid if _usable("unionid", unionid) else "",
            member_no=member_no,
            name="" if masked else name,
            hint=" ".join(part for part in (name[:1] + "**" if name else "", hint) if part),
            store_code=get("store_code"),
            clerk_userid=get("clerk_userid"),
            sku=get("sku"),
            product=get("product_name"),
            quantity=_quantity(get("quantity")),
            amount=_amount(get("amount"), self.currency),
            refunded=_refunded(get("status")),
            currency=_currency(get("currency") or self.preset.currency, self.currency),
            cells=tuple(cells),
        )

    def _moment(self, text: str) -> datetime:
        if not text:
            raise RowProblem("no_paid_at")
        moment = parse_moment(text, self.zone)
        if moment < SINCE:
            raise RowProblem("ancient", value=text)
        moment += timedelta(days=self.shift_days)
        if moment > self.at + timedelta(days=1):
            raise RowProblem("future", value=text)
        return moment


def group_key(row: ParsedRow) -> bytes:
    """What makes one order: source and order number, or all cells where there is no number.

    Rows equal in all cells share a key; each is then an order of its own, told apart by its count.
    """
    text = repr((row.source, row.order_no)) if row.order_no else repr([cell.strip() for cell in row.cells])
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def parse_moment(text: str, zone: ZoneInfo) -> datetime:
    """A date or time as Chinese and international shop systems write it; in ``zone`` where none is given.

    A date alone means noon, so that it stays that date in every zone nearby. Raises RowProblem.
    """
    cleaned = text.strip()
    if COMPACT.fullmatch(cleaned):
        cleaned = f"{cleaned[:4]}-{cleaned[4:6]}-{cleaned[6:]}"
    elif SLASHES.search(cleaned):
        parts = SLASHES.sub("-", cleaned.replace("日", " ")).split()
        parts[0] = "-".join(part.zfill(2) for part in parts[0].strip("-").split("-"))
        cleaned = " ".join(parts)
    date_only = len(cleaned) == 10
    try:
        moment = datetime.fromisoformat(_padded(cleaned))
    except ValueError:
        raise RowProblem("paid_at", value=text) from None
    if date_only:
        moment = datetime.combine(moment.date(), time(12))
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _padded(text: str) -> str:
    """9:05 → 09:05, which Excel likes to write."""
    day, _space, clock = text.partition(" ")
    return f"{day} {clock.zfill(5) if clock.count(':') == 1 else clock.zfill(8)}" if clock else text


def _clean(cell: str) -> str:
    # Shop systems write ="123" or a leading tab so that Excel keeps long numbers as text.
    text = cell.strip()
    if len(text) > 3 and text.startswith('="') and text.endswith('"'):
        return text[2:-1]
    return text.removeprefix("'")


def _phone(text: str) -> tuple[str, str]:
    """(a whole number or "", how it is shown). A masked or odd number is no reason to lose the order."""
    if _usable("phone", text):
        digits = re.sub(r"\D", "", text)
        return text, customers.mask_phone(digits.removeprefix("86") if len(digits) == 13 else digits)
    return "", text[:20] if "*" in text else ""


def _usable(kind: str, text: str, realm: str = "") -> bool:
    return bool(text) and customers.check_ref(customers.IdentityRef(kind, text, realm)) is None


def _amount(text: str, currency: str) -> int:
    if not text:
        raise RowProblem("no_amount")
    try:
        amount = parse_minor(text, currency)
    except ValueError:
        raise RowProblem("amount", value=text) from None
    if amount < 0:
        raise RowProblem("negative")
    return amount


def _quantity(text: str) -> int:
    if not text:
        return 1
    whole = text.removesuffix(".0").removesuffix(".00")
    if not whole.isascii() or not whole.isdigit() or len(whole) > 9:
        raise RowProblem("quantity", value=text)
    return int(whole)


def _refunded(text: str) -> bool:
    status = text.lower()
    if status in REFUNDED:
        return True
    if status in NOT_PAID:
        raise RowProblem("not_paid", value=text)
    if status not in PAID:
        raise RowProblem("status", value=text)
    return False


def _currency(text: str, brand: str) -> str:
    code = text.upper() or brand
    if len(code) != 3 or not code.isascii() or not code.isalpha():
        raise RowProblem("currency", value=text)
    if code != brand:
        raise RowProblem("other_currency", value=code, brand=brand)
    return code


def _source(text: str, data_set: str) -> str:
    source = text or data_set
    if len(source) > 40:
        raise RowProblem("source")
    return source


def shown(row: ParsedRow, zone: ZoneInfo) -> dict[str, Any]:
    """A parsed row for a preview: personal values masked."""
    return {
        "order_no": row.order_no,
        "source": row.source,
        "paid_at": datetime.fromisoformat(row.paid_at).astimezone(zone).strftime("%Y-%m-%d %H:%M"),
        "customer": row.hint
        or (row.member_no and f"№ {row.member_no}")
        or ("unionid" if row.unionid else ""),
        "store_code": row.store_code,
        "clerk_userid": row.clerk_userid,
        "sku": row.sku,
        "product_name": row.product,
        "quantity": str(row.quantity),
        "amount": format_minor(row.amount, row.currency),
        "refunded": "✓" if row.refunded else "",
    }
