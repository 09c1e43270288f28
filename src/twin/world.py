"""The running world: state, clock, one lock, and the doors through which news leaves it."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import Any

from twin.callbacks import xml
from twin.callbacks.sender import CallbackSender
from twin.clock import Clock
from twin.population import tasks
from twin.population.doings import DOINGS
from twin.population.schedule import Schedule
from twin.rng import HEX, name_of
from twin.shop import ShopReporter
from twin.state import Callback, Follow, Json, MassMessage, Member, Message, Person, State

# Which right an application needs to hear an event.
HEARS = {
    "change_external_contact": "customer",
    "change_external_tag": "customer",
    "change_contact": "contacts",
}


class Calls:
    """Tells who waits for it that an API call was answered."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[tuple[str, list[str]]] = []

    def note(self, path: str) -> None:
        """A call has its answer."""
        with self._changed:
            for start, found in self._waiting:
                if path.startswith(start):
                    found.append(path)
            self._changed.notify_all()

    def next(self, start: str, seconds: float) -> str:
        """The path of the next call that begins so; empty when none came in time."""
        found: list[str] = []
        entry = (start, found)
        with self._changed:
            self._waiting.append(entry)
            self._changed.wait_for(lambda: bool(found), seconds)
            self._waiting = [each for each in self._waiting if each is not entry]
            return found[0] if found else ""


class World:
    """Everything happens under `lock`; nothing waits for the network while holding it."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.clock = Clock(state.offset)
        self.lock = threading.RLock()
        self.changes = 0
        self.in_flight = 0
        self.calls = Calls()
        self._by_customer: dict[str, list[Follow]] = defaultdict(list)
        self._by_member: dict[str, list[Follow]] = defaultdict(list)
        self._person_by_external: dict[str, Person] = {}
        for person in state.people.values():
            self._person_by_external[person.external_userid] = person
        for follow in state.follows.values():
            self._index(follow)
        self.callbacks = CallbackSender(self)
        self.shop = ShopReporter(self)
        self.population = Schedule(self, DOINGS)

    # -- reading ---------------------------------------------------------------------------

    def now(self) -> float:
        """The twin's clock."""
        return self.clock.now()

    def at(self) -> int:
        """The twin's clock in whole seconds."""
        return int(self.clock.now())

    @property
    def idle(self) -> bool:
        """Whether no callback, order report or API call is under way."""
        return self.callbacks.idle and self.shop.idle and self.in_flight == 0

    def person_of(self, external_userid: str) -> Person | None:
        """The person behind an external user id."""
        return self._person_by_external.get(external_userid)

    def find_person(self, key: str) -> Person | None:
        """A person by own id, external user id, unionid or phone."""
        found = self.state.people.get(key) or self._person_by_external.get(key)
        if found is not None or not key:
            return found
        for person in self.state.people.values():
            if key in (person.unionid, person.phone):
                return person
        return None

    def follow(self, userid: str, external_userid: str) -> Follow | None:
        """The relation of a member and a customer, dead ones included."""
        return self.state.follows.get(f"{userid}|{external_userid}")

    def follows_of_customer(self, external_userid: str) -> list[Follow]:
        """All relations of a customer, dead ones included."""
        return self._by_customer.get(external_userid, [])

    def follows_of_member(self, userid: str) -> list[Follow]:
        """All relations of a member, dead ones included."""
        return self._by_member.get(userid, [])

    def active_members(self) -> list[Member]:
        """Members who have not left."""
        return [member for member in self.state.members.values() if member.status == 1]

    def department_and_below(self, department_id: int) -> set[int]:
        """A department with all its descendants."""
        found = {department_id}
        grown = True
        while grown:
            more = {d.id for d in self.state.departments.values() if d.parentid in found} - found
            grown = bool(more)
            found |= more
        return found

    # -- clerks and their tasks ------------------------------------------------------------

    def on_mass_message(self, message: MassMessage, at: int) -> None:
        """Clerks take notice of a new mass message."""
        tasks.notice(self.population, message, at)

    def on_reminder(self, message: MassMessage, at: int) -> None:
        """Clerks take notice of a reminder."""
        tasks.reminded(self.population, message, at)

    def move_people(self, running: bool, rate: float) -> None:
        """Start or stop the population."""
        starts = running and not self.population.running
        self.population.switch(running, rate)
        if starts:
            tasks.notice_missed(self.population, self.at())

    # -- writing ---------------------------------------------------------------------------

    def _index(self, follow: Follow) -> None:
        self._by_customer[follow.external_userid].append(follow)
        self._by_member[follow.userid].append(follow)

    def add_person(self, person: Person) -> Person:
        """Bring a person into the world."""
        self.state.people[person.id] = person
        self._person_by_external[person.external_userid] = person
        return person

    def add_follow(self, follow: Follow) -> Follow:
        """Bring a new relation into the world."""
        self.state.follows[f"{follow.userid}|{follow.external_userid}"] = follow
        self._index(follow)
        return follow

    def sequence(self, kind: str) -> int:
        """The next number of a kind, from 1."""
        self.state.counters[kind] = self.state.counters.get(kind, 0) + 1
        return self.state.counters[kind]

    def new_id(self, kind: str, prefix: str = "", length: int = 32, alphabet: str = HEX) -> str:
        """A fresh id that is the same in every run that does the same things."""
        name = name_of(self.state.seed, kind, self.sequence(kind), length=length, alphabet=alphabet)
        return prefix + name

    def record(self, ledger: str, **row: Any) -> dict[str, Any]:
        """Add a row to the ledger of truth."""
        rows = self.state.ledger.setdefault(ledger, [])
        rows.append({"id": len(rows) + 1, **row})
        self.changes += 1
        return rows[-1]

    def say(
        self, kind: str, userid: str, external_userid: str, text: str, *, at: int,
        attachments: list[Json] | None = None, source: str = "",
    ) -> None:  # fmt: skip
        """Show a message on a phone."""
        self.state.messages.append(
            Message(
                self.sequence("message"),
                at,
                kind,
                userid,
                external_userid,
                text,
                attachments or [],
                source,
            )
        )
        self.changes += 1

    def emit(self, event: str, change: str, fields: dict[str, xml.Field], at: int) -> None:
        """Tell every application that may hear it."""
        plaintext = xml.event(self.state.corpid, at, event, change, fields)
        listeners = [
            app for app in self.state.apps.values() if app.callback_url and HEARS[event] in app.permissions
        ]
        self.record(
            "events", at=at, event=event, change=change, fields=fields, told=[app.key for app in listeners]
        )
        for app in listeners:
            row = Callback(self.sequence("callback"), app.key, event, change, at, plaintext)
            self.state.callbacks.append(row)
            self.callbacks.submit(row)
