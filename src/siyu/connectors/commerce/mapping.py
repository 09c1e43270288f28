"""Which column holds what: fields, presets, and the names columns go by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from siyu.connectors.commerce.problems import bad_file

FIELDS: dict[str, tuple[Promise, tuple[str, ...]]] = {
    "order_no": (
        _("Order number"),
        ("order_no", "order number", "订单号", "订单编号", "主订单编号", "小票号"),
    ),
    "paid_at": (
        _("Time of payment"),
        ("paid_at", "date", "付款时间", "支付时间", "订单付款时间", "下单时间", "成交时间", "日期"),
    ),
    "amount": (
        _("Amount paid"),
        ("amount_yuan", "amount", "实付金额", "实收金额", "成交金额", "买家实付金额", "实付", "金额"),
    ),
    "phone": (
        _("Customer's phone"),
        ("customer_phone", "phone", "手机号", "手机", "买家手机", "会员手机", "客户手机", "收货人手机"),
    ),
    "unionid": (_("WeChat unionid"), ("unionid", "微信unionid")),
    "member_no": (
        _("Customer number"),
        ("member_no", "customer_id", "会员号", "会员编号", "会员卡号", "客户编号"),
    ),
    "buyer_name": (
        _("Customer's name"),
        ("buyer_name", "买家昵称", "客户姓名", "会员姓名", "姓名", "收货人"),
    ),
    "store_code": (_("Store code"), ("store_code", "门店编码", "门店编号", "门店代码")),
    "clerk_userid": (_("Clerk's account"), ("clerk_userid", "导购账号", "导购工号", "导购", "销售员")),
    "sku": (_("SKU code"), ("sku", "sku编码", "商品编码", "商家编码", "货号", "款号")),
    "product_name": (_("Product name"), ("product_name", "商品名称", "商品标题", "宝贝标题", "品名", "商品")),
    "quantity": (_("Quantity"), ("quantity", "数量", "件数", "购买数量", "商品数量")),
    "status": (_("Order status"), ("status", "订单状态", "状态")),
    "source": (_("Order source"), ("source", "订单来源", "来源", "渠道", "平台")),
    "currency": (_("Currency"), ("currency", "币种")),
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A ready mapping. ``columns`` names the cells of a file without a header."""

    name: str
    label: Promise
    help: Promise
    required: tuple[str, ...]
    spaced: bool = False
    columns: Mapping[str, str] | None = None
    currency: str = ""  # empty: the brand's
    last_date: date | None = None  # the file's last date: known, so that a demo can shift it to yesterday


CDNOW_COLUMNS = ("customer_id", "date", "number_of_cds", "dollar_value")
PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            name="generic",
            label=_("Orders of a shop system (CSV or Excel)"),
            help=_("One row per order line with a header. Columns are found by their usual Chinese or English names."),
            required=("order_no", "paid_at", "amount"),
        ),
        Preset(
            name="cdnow",
            label=_("CDNOW purchase history"),
            help=_("23,570 customers of an online shop in 1997 and 1998; no order numbers; dates are shifted to now."),
            required=("member_no", "paid_at", "amount"),
            spaced=True,
            columns=dict(
                zip(("member_no", "paid_at", "quantity", "amount"), CDNOW_COLUMNS, strict=True)
            ),
            currency="USD",
            last_date=date(1998, 6, 30),
        ),
    )
}  # fmt: skip


def preset_named(name: str) -> Preset:
    """The preset of that name. Raises BadInput."""
    if name not in PRESETS:
        raise bad_file("import.preset", preset=name, known=", ".join(PRESETS))
    return PRESETS[name]


def field_labels(fields: Sequence[str]) -> str:
    """Fields by the names readers know, for messages."""
    return ", ".join(str(FIELDS[field][0]) for field in fields)


def normal(column: str) -> str:
    """A column name as compared: no BOM, spaces or case."""
    return column.strip("\ufeff \t\r\n\"'*").lower()


def map_columns(
    preset: Preset, header: Sequence[str], chosen: Mapping[str, str] | None
) -> tuple[dict[str, int], tuple[str, ...]]:
    """(field → position, required fields without a column) for a header.

    ``chosen`` (field → column name; "" for none) goes before the usual names. Raises BadInput for a
    chosen column that the file lacks, or one that is used and appears twice.
    """
    names = [normal(column) for column in header]
    found: dict[str, int] = {}
    for field, (_label, aliases) in FIELDS.items():
        wanted: Sequence[str]
        if chosen is not None and field in chosen:
            if not chosen[field]:
                continue
            if normal(chosen[field]) not in names:
                raise bad_file("file.mapping", column=chosen[field])
            wanted = (normal(chosen[field]),)
        elif preset.columns is not None:
            wanted = (preset.columns[field],) if field in preset.columns else ()
        else:
            wanted = aliases
        hit = next((name for name in wanted if name in names), None)
        if hit is None:
            continue
        if names.count(hit) > 1:
            raise bad_file("file.double_column", column=header[names.index(hit)])
        found[field] = names.index(hit)
    return found, tuple(field for field in preset.required if field not in found)
