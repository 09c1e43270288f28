"""A small population: what people will do is fixed by the seed, when by the twin's clock.

Time is cut into slots of ten minutes. How many people scan and how many old customers buy in a
slot is a pure function of seed and slot; what follows from it (a purchase days later, a refund,
a block, a clerk's note) waits in a heap. So the next moment at which anything happens is exact.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING

from twin.clock import china
from twin.company.goods import pick
from twin.habits import (
    BLOCK_SHARE,
    BUY_SHARE,
    HOURS,
    NEW_BUYER_SOURCES,
    OLD_BLOCKS_A_DAY,
    OLD_BUYER_SOURCES,
    REFUND_SHARE,
    REFUND_WHOLE_SHARE,
    REMARK_SHARE,
    REPURCHASES_A_DAY,
    RETURN_SHARE,
    SCANS_A_DAY,
    SHOP_HOURS,
    TAG_SHARE,
    confirm_delay,
    forgets,
)
from twin.life import friends, purchases, tasks
from twin.life.errors import NotPossible
from twin.life.purchases import Item
from twin.rng import poisson, rng
from twin.state import Action, Json, MassMessage, Order, Person
from twin.wecom.contact_ways import usable

if TYPE_CHECKING:
    from random import Random

    from twin.world import World

SLOT = 600
HOUR = 3600
DAY = 86_400
LOOK_AHEAD = 14 * 144
KINDS = ("scan", "repurchase", "old_block")


def next_slot(moment: float) -> int:
    """The first slot boundary after a moment."""
    return (int(moment) // SLOT + 1) * SLOT


class PopulationRunner:
    """Plans and performs what people do. Every method expects `world.lock` to be held."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._plan = world.state.population
        self._heap = [(item.due, item.seq, item) for item in self._plan.actions]
        heapq.heapify(self._heap)

    # -- the switch ------------------------------------------------------------------------

    def switch(self, running: bool, rate: float) -> None:
        """Start or stop; what was missed while it stood still is not made up for."""
        if running and not self._plan.running:
            self.resume()
        self._plan.running, self._plan.rate = running, rate
        self._world.changes += 1

    def resume(self) -> None:
        """Go on from now: slots that passed are skipped, overdue actions come one slot later."""
        start = next_slot(self._world.now())
        self._plan.next_slot = max(self._plan.next_slot, start)
        late = [row for row in self._heap if row[0] < start]
        for _, _, action in late:
            action.due = start
        self._heap = [(item.due, seq, item) for _, seq, item in self._heap]
        heapq.heapify(self._heap)

    def save(self) -> None:
        """Write the heap back into the state, for a snapshot."""
        self._plan.actions = [row[2] for row in sorted(self._heap, key=lambda row: row[:2])]

    # -- time ------------------------------------------------------------------------------

    def next_action_at(self) -> int | None:
        """When something will happen next; None when nobody moves."""
        if not self._plan.running:
            return None
        slot = self._busy_slot()
        if self._heap and (slot is None or self._heap[0][0] <= slot):
            return self._heap[0][0]
        return slot

    def _busy_slot(self) -> int | None:
        """The next slot in which somebody scans or buys of their own accord."""
        slot = self._plan.next_slot
        for _ in range(LOOK_AHEAD):
            if any(self._count(kind, slot) for kind in KINDS):
                self._plan.next_slot = slot
                return slot
            slot += SLOT
        return None

    def run_until(self, moment: float, *, jump: bool) -> int:
        """Do everything due up to a moment, in order; with `jump` the clock goes along."""
        done = 0
        while (due := self.next_action_at()) is not None and due <= moment:
            if jump:
                self._world.clock.advance_to(due)
            if self._heap and self._heap[0][0] == due:
                action = heapq.heappop(self._heap)[2]
                self._perform(action.kind, action.args, action.due)
            else:
                self._plan.next_slot = due + SLOT
                self._open_slot(due)
            self._world.changes += 1
            done += 1
        return done

    def later(self, kind: str, due: float, args: Json) -> None:
        """Plan an action, on the slot grid."""
        action = Action(next_slot(due), self._world.sequence("action"), kind, args)
        heapq.heappush(self._heap, (action.due, action.seq, action))

    # -- slots -----------------------------------------------------------------------------

    def _count(self, kind: str, slot: int) -> int:
        """How many of a kind happen in a slot."""
        local = china(slot)
        if kind == "scan":
            mean = SCANS_A_DAY * HOURS[local.hour] / sum(HOURS) / 6
            if (local.hour, local.minute) == (1, 30):
                mean = 1.2
        elif kind == "repurchase":
            mean = REPURCHASES_A_DAY * SHOP_HOURS[local.hour] / sum(SHOP_HOURS) / 6
        else:
            mean = OLD_BLOCKS_A_DAY * HOURS[local.hour] / sum(HOURS) / 6
        source = rng(self._world.state.seed, "slot", kind, slot)
        return poisson(source, min(mean * self._plan.rate, 50))

    def _open_slot(self, slot: int) -> None:
        for kind in KINDS:
            for number in range(self._count(kind, slot)):
                self._perform(kind, {"slot": slot, "number": number}, slot)

    def _perform(self, kind: str, args: Json, at: int) -> None:
        try:
            getattr(self, f"_do_{kind}")(args, at)
        except NotPossible as reason:
            self._world.record("not_possible", at=at, kind=kind, reason=reason.code)

    def _chance(self, *key: object) -> Random:
        return rng(self._world.state.seed, *key)

    # -- what people do --------------------------------------------------------------------

    def _do_scan(self, args: Json, at: int) -> None:
        world = self._world
        ways = [way for way in world.state.contact_ways.values() if usable(way, at)]
        if not ways:
            return
        slot, number = args["slot"], args["number"]
        source = self._chance("scan", slot, number)
        way = source.choice(ways)
        olds = [person for person in world.state.people.values() if person.kind != "played"]
        if source.random() < RETURN_SHARE:
            person = source.choice(olds)
        else:
            person = friends.new_person(world, f"s{slot}-{number}", kind="stranger", at=at)
        done = friends.scan(world, way, person, at=at)
        if done["outcome"] == "half":
            self.later("accept", at + source.expovariate(1 / HOUR), {**done})
        if done["outcome"] == "already_friends":
            return
        if source.random() < BUY_SHARE:
            delay = min(source.expovariate(1 / (1.1 * DAY)), 6 * DAY)
            self.later("purchase", self._open_hours(at + delay, source), {"person": person.id})
        if source.random() < BLOCK_SHARE:
            self.later("block", at + source.expovariate(1 / DAY), {**done})
        if source.random() < REMARK_SHARE:
            self.later("remark", self._open_hours(at + 2 * HOUR, source), {**done})
        if source.random() < TAG_SHARE:
            self.later("tag", self._open_hours(at + 3 * HOUR, source), {**done})

    @staticmethod
    def _open_hours(moment: float, source: Random) -> float:
        """The same moment, or one in the shop's next opening hours."""
        hour = china(moment).hour
        if 10 <= hour < 22:
            return moment
        return moment + ((10 - hour) % 24) * HOUR + source.random() * 3 * HOUR

    def _do_accept(self, args: Json, at: int) -> None:
        friends.accept(self._world, args["userid"], args["external_userid"], at=at)

    def _do_block(self, args: Json, at: int) -> None:
        friends.block(self._world, args["userid"], args["external_userid"], at=at)

    def _do_old_block(self, args: Json, at: int) -> None:
        source = self._chance("old_block", args["slot"], args["number"])
        person = self._old_customer(source)
        for follow in self._world.follows_of_customer(person.external_userid):
            if follow.friends:
                friends.block(self._world, follow.userid, follow.external_userid, at=at)
                return

    def _do_remark(self, args: Json, at: int) -> None:
        person = self._world.state.people[args["person"]]
        source = self._chance("remark", args["person"], args["userid"])
        note = source.choice(["想看手镯", "婚戒", "送妈妈", "生日在年底", "喜欢K金", "对比三家"])
        fields: Json = {"remark": f"{person.name[:8]} {note}"}
        if source.random() < 0.7:
            fields["remark_mobiles"] = [person.phone]
        friends.remark(self._world, args["userid"], args["external_userid"], fields, at=at)

    def _do_tag(self, args: Json, at: int) -> None:
        source = self._chance("tag", args["person"], args["userid"])
        tags = [tag for tag in self._world.state.tags.values() if not tag.deleted]
        chosen = source.choice(sorted(tags, key=lambda tag: tag.id))
        friends.tag(self._world, args["userid"], args["external_userid"], [chosen.id], [], at=at)

    def _old_customer(self, source: Random) -> Person:
        old = [person for person in self._world.state.people.values() if person.kind == "existing"]
        return old[int(len(old) * source.random() ** 1.6)]

    def _do_repurchase(self, args: Json, at: int) -> None:
        source = self._chance("repurchase", args["slot"], args["number"])
        self._buy(self._old_customer(source), source, OLD_BUYER_SOURCES, at)

    def _do_purchase(self, args: Json, at: int) -> None:
        person = self._world.state.people[args["person"]]
        source = self._chance("purchase", person.id, at)
        self._buy(person, source, NEW_BUYER_SOURCES, at)
        if source.random() < 0.25:
            delay = source.expovariate(1 / (3 * DAY))
            self.later("purchase", self._open_hours(at + delay, source), {"person": person.id})

    def _buy(self, person: Person, source: Random, sources: dict[str, int], at: int) -> None:
        channel = source.choices(list(sources), list(sources.values()))[0]
        basket: dict[str, Item] = {}
        for _ in range(source.choices([1, 2, 3], [74, 20, 6])[0]):
            goods = pick(source, self._world.state.goods)
            quantity = source.choices([1, 2], [92, 8])[0]
            amount = goods.price * quantity * source.choice([100, 100, 95, 90]) // 100
            basket[goods.sku] = Item(goods.sku, quantity, amount)
        order = purchases.buy(self._world, person, list(basket.values()), source=channel, at=at)
        if source.random() < REFUND_SHARE:
            self._plan_refund(order, source, at)

    def _plan_refund(self, order: Order, source: Random, at: int) -> None:
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
        delay = HOUR + source.expovariate(1 / (1.2 * DAY))
        due = self._open_hours(at + delay, source)
        self.later("refund", due, {"order_no": order.order_no, "lines": lines})

    def _do_refund(self, args: Json, at: int) -> None:
        purchases.refund(self._world, args["order_no"], args["lines"], at=at)

    # -- mass tasks ------------------------------------------------------------------------

    def on_mass_message(self, message: MassMessage, at: int) -> None:
        """Members take notice of a new task, each in their own way."""
        if not self._plan.running:
            return
        for task in message.tasks:
            member = self._world.state.members[task.userid]
            source = self._chance("mass", message.msgid, task.userid)
            due = self._open_hours(at + confirm_delay(source, member.temperament), source)
            kind = "forget" if forgets(source, member.temperament) else "confirm"
            self.later(kind, due, {"msgid": message.msgid, "userid": task.userid})

    def on_reminder(self, message: MassMessage, at: int) -> None:
        """Half of those who had forgotten confirm after a reminder."""
        if not self._plan.running:
            return
        for task in message.tasks:
            source = self._chance("remind", message.msgid, task.userid, len(message.reminders))
            if task.forgotten and source.random() < 0.5:
                due = self._open_hours(at + source.expovariate(1 / HOUR), source)
                self.later("confirm", due, {"msgid": message.msgid, "userid": task.userid})

    def _do_confirm(self, args: Json, at: int) -> None:
        tasks.confirm(self._world, args["msgid"], args["userid"], at=at)

    def _do_forget(self, args: Json, at: int) -> None:
        tasks.forget(self._world, args["msgid"], args["userid"])
