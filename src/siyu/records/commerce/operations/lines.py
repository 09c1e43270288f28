"""Order lines and the catalogue entries they speak of."""

from __future__ import annotations

from collections.abc import Sequence

from siyu.foundation import api as foundation
from siyu.records.commerce.contracts import LineSpec

Lines = Sequence[tuple[int, Sequence[LineSpec]]]


def write_lines(orders: Lines) -> None:
    """Insert the lines of new orders; SKUs not seen before enter the catalogue."""
    flat = [(order_id, line) for order_id, lines in orders for line in lines]
    if not flat:
        return
    names: dict[str, str] = {}
    for _order_id, line in flat:
        if line.sku:
            names.setdefault(line.sku[:100], (line.name or line.sku)[:200])
    skus = _skus(names)
    foundation.execute(
        "INSERT INTO records_commerce_orderline (order_id, line_no, sku_id, name, quantity, amount) "
        "SELECT * FROM unnest(%s::bigint[], %s::integer[], %s::bigint[], %s::text[], %s::integer[], %s::bigint[])",
        [
            foundation.array(order_id for order_id, _line in flat),
            foundation.array(line.line_no for _order_id, line in flat),
            foundation.array(skus.get(line.sku[:100]) for _order_id, line in flat),
            foundation.array((line.name or line.sku)[:200] for _order_id, line in flat),
            foundation.array(line.quantity for _order_id, line in flat),
            foundation.array(line.amount for _order_id, line in flat),
        ],
    )


def replace_lines(orders: Lines) -> None:
    """A later report replaces all lines of an order."""
    foundation.execute(
        "DELETE FROM records_commerce_orderline WHERE order_id = ANY(%s)",
        [foundation.array(order_id for order_id, _lines in orders)],
    )
    write_lines(orders)


def _skus(names: dict[str, str]) -> dict[str, int]:
    """Ids by SKU code. An unknown SKU becomes a product of its own until a catalogue says better."""
    if not names:
        return {}
    codes = sorted(names)
    found = dict(foundation.fetch("SELECT code, id FROM records_commerce_sku WHERE code = ANY(%s)", [codes]))
    fresh = [code for code in codes if code not in found]
    if not fresh:
        return found
    arrays = [fresh, [names[code] for code in fresh]]
    foundation.execute(
        "INSERT INTO records_commerce_product (code, name) SELECT * FROM unnest(%s::text[], %s::text[]) "
        "ON CONFLICT (code) DO NOTHING",
        arrays,
    )
    foundation.execute(
        "INSERT INTO records_commerce_sku (product_id, code, name) SELECT p.id, v.code, v.name "
        "FROM unnest(%s::text[], %s::text[]) AS v(code, name) JOIN records_commerce_product p ON p.code = v.code "
        "ORDER BY v.code ON CONFLICT (code) DO NOTHING",
        arrays,
    )
    return dict(foundation.fetch("SELECT code, id FROM records_commerce_sku WHERE code = ANY(%s)", [codes]))
