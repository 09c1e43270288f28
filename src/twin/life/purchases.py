"""The shop till: orders and refunds, reported to siyu as facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twin.clock import china, china_iso
from twin.life.errors import NotPossible
from twin.state import Json, Order, OrderLine, Person, Refund, ShopEvent

if TYPE_CHECKING:
    from twin.world import World

SOURCES = ("pos", "mini", "wecom", "tmall", "douyin")
# What each source knows of the buyer: the till a phone, the mini-program a unionid, a clerk's
# order inside WeCom the external user id; marketplaces mask everything.
KNOWS = {"pos": "phone", "mini": "unionid", "wecom": "external_userid"}


@dataclass(frozen=True)
class Item:
    """What is bought; amount is the line's total in 分, 0 for the list price."""

    sku: str
    quantity: int = 1
    amount: int = 0


def _identity(world: World, source: str, person: Person) -> Json | None:
    """How the shop knows the buyer; an external user id means something within its company only."""
    kind = KNOWS.get(source)
    if kind is None:
        return None
    known: Json = {"kind": kind, "value": str(getattr(person, kind))}
    return {**known, "realm": world.state.corpid} if kind == "external_userid" else known


def _home(world: World, person: Person) -> tuple[str, str]:
    """The store and clerk a person is served by."""
    by_department = {store.department_id: store.code for store in world.state.stores.values()}
    for follow in reversed(world.follows_of_customer(person.external_userid)):
        member = world.state.members[follow.userid]
        if follow.listed and member.department in by_department:
            return by_department[member.department], follow.userid
    return next(iter(world.state.stores)), ""


def buy(
    world: World, person: Person, items: list[Item], *, source: str, at: int, clerk: str = "",
    store: str = "",
) -> Order:  # fmt: skip
    """A paid order. Clerk and store are the person's own unless given; marketplaces have none."""
    if source not in SOURCES:
        raise NotPossible("unknown_source", f"订单来源只能是 {', '.join(SOURCES)}")
    if not items or any(item.sku not in world.state.goods for item in items):
        raise NotPossible("unknown_sku", "没有这个商品")
    if any(item.quantity < 1 for item in items):
        raise NotPossible("bad_quantity", "数量至少为 1")
    home_store, home_clerk = _home(world, person)
    personal = source in KNOWS
    lines = []
    for number, item in enumerate(items, start=1):
        goods = world.state.goods[item.sku]
        amount = item.amount or goods.price * item.quantity
        lines.append(OrderLine(number, goods.sku, goods.name, item.quantity, amount))
    order = Order(
        order_no=f"{source.upper()}{china(at):%y%m%d}{world.sequence('order'):06d}",
        source=source,
        person_id=person.id,
        store_code=(store or home_store) if personal else "",
        clerk_userid=(clerk or home_clerk) if source in ("pos", "wecom") else "",
        paid_at=at,
        lines=lines,
        identity=_identity(world, source, person),
    )
    world.state.orders[order.order_no] = order
    world.record(
        "orders", at=at, order_no=order.order_no, source=source, person=person.id,
        amount=order.amount, lines=len(lines), masked=order.identity is None,
    )  # fmt: skip
    _report(world, f"order-{order.order_no}", "trade.order_reported", order, at, {
        "source": source,
        "order_no": order.order_no,
        "store_code": order.store_code or None,
        "clerk_userid": order.clerk_userid or None,
        "currency": "CNY",
        "paid_at": china_iso(at),
        "lines": [
            {
                "line_no": line.line_no,
                "sku": line.sku,
                "name": line.name,
                "quantity": line.quantity,
                "amount": line.amount,
            }
            for line in lines
        ],
    })  # fmt: skip
    return order


def _report(world: World, event_id: str, name: str, order: Order, at: int, payload: Json) -> None:
    body = {
        "id": event_id,
        "name": name,
        "occurred_at": china_iso(at),
        "identity": order.identity,
        "payload": payload,
    }
    event = ShopEvent(event_id, body)
    world.state.shop_events.append(event)
    world.shop.submit(event)


def _whole(order: Order) -> list[Json]:
    """Everything of an order that was not given back yet."""
    return [
        {
            "line_no": line.line_no,
            "quantity": line.quantity - line.refunded_quantity,
            "amount": line.amount - line.refunded_amount,
        }
        for line in order.lines
        if line.amount > line.refunded_amount
    ]


def refund(world: World, order_no: str, lines: list[Json] | None, *, at: int) -> Refund:
    """Give back lines of an order, or all that is left; never more than was paid."""
    order = world.state.orders.get(order_no)
    if order is None:
        raise NotPossible("unknown_order", "没有这个订单")
    wanted = lines if lines else _whole(order)
    by_number = {line.line_no: line for line in order.lines}
    checked: list[tuple[OrderLine, int, int]] = []
    for item in wanted:
        line = by_number.get(int(item["line_no"]))
        quantity, amount = int(item.get("quantity", 0)), int(item["amount"])
        if line is None or amount <= 0 or quantity < 0:
            raise NotPossible("bad_line", "退款行不正确")
        if line.refunded_amount + amount > line.amount or line.refunded_quantity + quantity > line.quantity:
            raise NotPossible("too_much", "退款超过可退数量或金额")
        checked.append((line, quantity, amount))
    if not checked:
        raise NotPossible("nothing_left", "该订单已全部退款")
    if len({line.line_no for line, _, _ in checked}) < len(checked):
        raise NotPossible("bad_line", "同一行只能出现一次")
    for line, quantity, amount in checked:
        line.refunded_quantity += quantity
        line.refunded_amount += amount
    refund_no = f"R{china(at):%y%m%d}{world.sequence('refund'):06d}"
    rows = [
        {"line_no": line.line_no, "quantity": quantity, "amount": amount}
        for line, quantity, amount in checked
    ]
    done = Refund(refund_no, order_no, at, rows)
    world.state.refunds[refund_no] = done
    world.record("refunds", at=at, refund_no=refund_no, order_no=order_no, amount=done.amount)
    _report(world, f"refund-{refund_no}", "trade.refund_reported", order, at, {
        "source": order.source,
        "order_no": order_no,
        "refund_no": refund_no,
        "refunded_at": china_iso(at),
        "lines": rows,
    })  # fmt: skip
    return done
