"""When people do something: slots of ten minutes, and a heap of what was planned.

How many people scan and how many old customers buy in a slot is a pure function of seed and slot;
what follows from it (a purchase days later, a refund, a block, a clerk's note) waits in a heap. So
the next moment at which anything happens is exact.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING

from twin.clock import china
from twin.life.errors import NotPossible
from twin.population.habits import (
    HOURS,
    OLD_BLOCKS_A_DAY,
    REPURCHASES_A_DAY,
    SCANS_A_DAY,
    SHOP_HOURS,
)
from twin.rng import poisson, rng
from twin.state import Action, Json

if TYPE_CHECKING:
    from twin.world import World

SLOT = 600
LOOK_AHEAD = 14 * 144
KINDS = ("scan", "repurchase", "old_block")
MOST_PER_SLOT = 50
NIGHT_OWLS = (1, 30)

Doing = Callable[["Schedule", Json, int], None]


def next_slot(moment: float) -> int:
    """The first slot boundary after a moment."""
    return (int(moment) // SLOT + 1) * SLOT


class Schedule:
    """Plans and performs. Every method expects `world.lock` to be held."""

    def __init__(self, world: World, doings: dict[str, Doing]) -> None:
        self.world = world
        self._doings = doings
        self._plan = world.state.population
        self._heap = [(item.due, item.seq, item) for item in self._plan.actions]
        heapq.heapify(self._heap)

    @property
    def running(self) -> bool:
        """Whether people move of their own accord."""
        return self._plan.running

    def switch(self, running: bool, rate: float) -> None:
        """Start or stop; what was missed while it stood still is not made up for."""
        if running and not self._plan.running:
            self.resume()
        self._plan.running, self._plan.rate = running, rate
        self.world.changes += 1

    def resume(self) -> None:
        """Go on from now: slots that passed are skipped, overdue actions come one slot later."""
        start = next_slot(self.world.now())
        self._plan.next_slot = max(self._plan.next_slot, start)
        for _, _, action in self._heap:
            action.due = max(action.due, start)
        self._heap = [(item.due, seq, item) for _, seq, item in self._heap]
        heapq.heapify(self._heap)

    def save(self) -> None:
        """Write the heap back into the state, for a snapshot."""
        self._plan.actions = self.planned()

    def planned(self) -> list[Action]:
        """What was planned, in order."""
        return [row[2] for row in sorted(self._heap, key=lambda row: row[:2])]

    def later(self, kind: str, due: float, args: Json) -> None:
        """Plan an action, on the slot grid."""
        action = Action(next_slot(due), self.world.sequence("action"), kind, args)
        heapq.heappush(self._heap, (action.due, action.seq, action))

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
                self.world.clock.advance_to(due)
            if self._heap and self._heap[0][0] == due:
                action = heapq.heappop(self._heap)[2]
                self._perform(action.kind, action.args, action.due)
            else:
                self._plan.next_slot = due + SLOT
                self._open_slot(due)
            self.world.changes += 1
            done += 1
        return done

    def _count(self, kind: str, slot: int) -> int:
        """How many of a kind happen in a slot."""
        local = china(slot)
        if kind == "scan":
            mean = SCANS_A_DAY * HOURS[local.hour] / sum(HOURS) / 6
            if (local.hour, local.minute) == NIGHT_OWLS:
                mean = 1.2
        elif kind == "repurchase":
            mean = REPURCHASES_A_DAY * SHOP_HOURS[local.hour] / sum(SHOP_HOURS) / 6
        else:
            mean = OLD_BLOCKS_A_DAY * HOURS[local.hour] / sum(HOURS) / 6
        source = rng(self.world.state.seed, "slot", kind, slot)
        return poisson(source, min(mean * self._plan.rate, MOST_PER_SLOT))

    def _open_slot(self, slot: int) -> None:
        for kind in KINDS:
            for number in range(self._count(kind, slot)):
                self._perform(kind, {"slot": slot, "number": number}, slot)

    def _perform(self, kind: str, args: Json, at: int) -> None:
        """Do it; what has become impossible meanwhile (no friends any more) is only noted."""
        try:
            self._doings[kind](self, args, at)
        except NotPossible as reason:
            self.world.record("not_possible", at=at, kind=kind, reason=reason.code)
