"""What people do when their moment has come, and what follows from it."""

from __future__ import annotations

from random import Random

from twin.company.goods import pick
from twin.life import friends, purchases
from twin.life.purchases import Item
from twin.population import tasks
from twin.population.habits import (
    BLOCK_SHARE,
    BUY_AGAIN_SHARE,
    BUY_SHARE,
    NEW_BUYER_SOURCES,
    OLD_BUYER_SOURCES,
    REFUND_SHARE,
    REFUND_WHOLE_SHARE,
    REMARK_SHARE,
    RETURN_SHARE,
    TAG_SHARE,
    open_hours,
)
from twin.population.schedule import Doing, Schedule
from twin.rng import rng
from twin.state import Json, Order, Person
from twin.wecom.contact_ways import usable

HOUR = 3600
DAY = 86_400
NOTES = ["想看手镯", "婚戒", "送妈妈", "生日在年底", "喜欢K金", "对比三家"]


def _chance(plan: Schedule, *key: object) -> Random:
    return rng(plan.world.state.seed, *key)


def scan(plan: Schedule, args: Json, at: int) -> None:
    """Somebody scans one of the codes that siyu has made, mostly a stranger."""
    world = plan.world
    ways = [way for way in world.state.contact_ways.values() if usable(way, at)]
    if not ways:
        return
    slot, number = args["slot"], args["number"]
    source = _chance(plan, "scan", slot, number)
    way = source.choice(ways)
    if source.random() < RETURN_SHARE:
        known = [person for person in world.state.people.values() if person.kind != "played"]
        person = source.choice(known)
    else:
        person = friends.new_person(world, f"s{slot}-{number}", kind="stranger", at=at)
    done = friends.scan(world, way, person, at=at)
    if done["outcome"] == "half":
        plan.later("accept", at + source.expovariate(1 / HOUR), done)
    if done["outcome"] != "already_friends":
        _plan_future(plan, done, source, at)


def _plan_future(plan: Schedule, done: Json, source: Random, at: int) -> None:
    """What will come of a new relation: a purchase, a goodbye, a clerk's note and tag."""
    if source.random() < BUY_SHARE:
        delay = min(source.expovariate(1 / (1.1 * DAY)), 6 * DAY)
        plan.later("purchase", open_hours(at + delay, source), {"person": done["person"]})
    if source.random() < BLOCK_SHARE:
        plan.later("block", at + source.expovariate(1 / DAY), done)
    if source.random() < REMARK_SHARE:
        plan.later("remark", open_hours(at + 2 * HOUR, source), done)
    if source.random() < TAG_SHARE:
        plan.later("tag", open_hours(at + 3 * HOUR, source), done)


def accept(plan: Schedule, args: Json, at: int) -> None:
    """A clerk accepts a request."""
    friends.accept(plan.world, args["userid"], args["external_userid"], at=at)


def block(plan: Schedule, args: Json, at: int) -> None:
    """A new customer deletes the clerk."""
    friends.block(plan.world, args["userid"], args["external_userid"], at=at)


def old_block(plan: Schedule, args: Json, at: int) -> None:
    """An old customer deletes a clerk."""
    person = _old_customer(plan, _chance(plan, "old_block", args["slot"], args["number"]))
    for follow in plan.world.follows_of_customer(person.external_userid):
        if follow.friends:
            friends.block(plan.world, follow.userid, follow.external_userid, at=at)
            return


def remark(plan: Schedule, args: Json, at: int) -> None:
    """A clerk notes something of a new customer, often the phone number."""
    person = plan.world.state.people[args["person"]]
    source = _chance(plan, "remark", args["person"], args["userid"])
    fields: Json = {"remark": f"{person.name[:8]} {source.choice(NOTES)}"}
    if source.random() < 0.7:
        fields["remark_mobiles"] = [person.phone]
    friends.remark(plan.world, args["userid"], args["external_userid"], fields, at=at)


def tag(plan: Schedule, args: Json, at: int) -> None:
    """A clerk tags a new customer with one of the console's tags."""
    state = plan.world.state
    source = _chance(plan, "tag", args["person"], args["userid"])
    mine = [
        item.id
        for item in state.tags.values()
        if not item.deleted and not state.tag_groups[item.group_id].app
    ]
    if mine:
        chosen = source.choice(mine)
        friends.tag(plan.world, args["userid"], args["external_userid"], [chosen], [], at=at)


def _old_customer(plan: Schedule, source: Random) -> Person:
    """One of the customers from before the start; some are far keener than others."""
    old = [person for person in plan.world.state.people.values() if person.kind == "existing"]
    return old[int(len(old) * source.random() ** 1.6)]


def repurchase(plan: Schedule, args: Json, at: int) -> None:
    """An old customer buys."""
    source = _chance(plan, "repurchase", args["slot"], args["number"])
    _buy(plan, _old_customer(plan, source), source, OLD_BUYER_SOURCES, at)


def purchase(plan: Schedule, args: Json, at: int) -> None:
    """A new customer buys, and perhaps again some days later."""
    person = plan.world.state.people[args["person"]]
    source = _chance(plan, "purchase", person.id, at)
    _buy(plan, person, source, NEW_BUYER_SOURCES, at)
    if source.random() < BUY_AGAIN_SHARE:
        delay = source.expovariate(1 / (3 * DAY))
        plan.later("purchase", open_hours(at + delay, source), {"person": person.id})


def _buy(plan: Schedule, person: Person, source: Random, ways: dict[str, int], at: int) -> None:
    channel = source.choices(list(ways), list(ways.values()))[0]
    basket: dict[str, Item] = {}
    for _ in range(source.choices([1, 2, 3], [74, 20, 6])[0]):
        goods = pick(source, plan.world.state.goods)
        quantity = source.choices([1, 2], [92, 8])[0]
        amount = goods.price * quantity * source.choice([100, 100, 95, 90]) // 100
        basket[goods.sku] = Item(goods.sku, quantity, amount)
    order = purchases.buy(plan.world, person, list(basket.values()), source=channel, at=at)
    if source.random() < REFUND_SHARE:
        _plan_refund(plan, order, source, at)


def _plan_refund(plan: Schedule, order: Order, source: Random, at: int) -> None:
    lines = None
    if source.random() >= REFUND_WHOLE_SHARE:
        line = source.choice(order.lines)
        if len(order.lines) > 1 or line.quantity > 1:
            amount = line.amount // line.quantity
            lines = [{"line_no": line.line_no, "quantity": 1, "amount": amount}]
        else:
            # A price adjustment: money back, the goods stay.
            share = max(line.amount * source.choice([5, 10, 20]) // 100, 1)
            lines = [{"line_no": line.line_no, "quantity": 0, "amount": share}]
    due = open_hours(at + HOUR + source.expovariate(1 / (1.2 * DAY)), source)
    plan.later("refund", due, {"order_no": order.order_no, "lines": lines})


def refund(plan: Schedule, args: Json, at: int) -> None:
    """Money is given back."""
    purchases.refund(plan.world, args["order_no"], args["lines"], at=at)


DOINGS: dict[str, Doing] = {
    "scan": scan,
    "accept": accept,
    "block": block,
    "old_block": old_block,
    "remark": remark,
    "tag": tag,
    "repurchase": repurchase,
    "purchase": purchase,
    "refund": refund,
    "confirm": tasks.confirm,
    "forget": tasks.forget,
}
