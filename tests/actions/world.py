"""A small brand for tests of actions and journeys: a store, clerks, customers who are their friends, channels."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.db import connection

from siyu.actions.messaging import api as messaging
from siyu.facts import api as facts
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

# 2026-11-20 12:00 in Shanghai, a Friday; outside of quiet hours.
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
COMPANY = "test:corp"


class Died(BaseException):
    """The process dies here: nothing after this line happens."""


Behave = Callable[[Sequence[messaging.SendItem]], Sequence[messaging.Outcome]]


def answer_all(result: messaging.Result, **extra: str) -> Behave:
    """Every item gets this result, named by its key at the platform."""
    return lambda items: [
        messaging.Outcome(item.delivery_id, result, ref=f"p:{item.key}", **extra) for item in items
    ]


@dataclass
class Platform:
    """A channel with a platform behind it that remembers what truly arrived; the test sets how it answers."""

    name: str = "test.mass"
    label: str = "test"
    unclear: messaging.Unclear = messaging.Unclear.QUERY
    max_batch: int = 100
    side_by_side: int = 1
    needs_member: bool = False
    needs_friend: bool = False
    window: timedelta | None = None
    context_keys: tuple[str, ...] = ()
    on_send: Behave = field(default_factory=lambda: answer_all(messaging.Result.SENT))
    on_query: Behave = field(default_factory=lambda: answer_all(messaging.Result.UNKNOWN))
    on_cancel: Behave = field(default_factory=lambda: answer_all(messaging.Result.CANCELLED))
    on_remind: Behave = field(default_factory=lambda: answer_all(messaging.Result.WAITING_MEMBER))
    calls: list[list[messaging.SendItem]] = field(default_factory=list)
    asked: list[list[messaging.SendItem]] = field(default_factory=list)
    reminded: list[str] = field(default_factory=list)
    in_transaction: list[bool] = field(default_factory=list)

    def send(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        self.in_transaction.append(connection.in_atomic_block)
        self.calls.append(list(items))
        return self.on_send(items)

    def query(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        self.in_transaction.append(connection.in_atomic_block)
        self.asked.append(list(items))
        return self.on_query(items)

    def cancel(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        return self.on_cancel(items)

    def remind(self, items: Sequence[messaging.SendItem], *, at: datetime) -> Sequence[messaging.Outcome]:
        self.reminded += [item.key for item in items]
        return self.on_remind(items)

    @property
    def keys(self) -> list[list[str]]:
        """The keys of each send call."""
        return [sorted(item.key for item in call) for call in self.calls]


@contextmanager
def channel(platform: Platform) -> Iterator[Platform]:
    """Have the channel in the registry (which start-up has frozen) for one test."""
    items = messaging.CHANNELS._items
    before = items.get(platform.name)
    items[platform.name] = platform
    try:
        yield platform
    finally:
        if before is None:
            del items[platform.name]
        else:
            items[platform.name] = before


def clerks(count: int = 1) -> list[int]:
    """Employees of one store."""
    staff.sync_directory(
        [
            staff.UnitSpec("hq", "总部", staff.UnitKind.COMPANY),
            staff.UnitSpec("s1", "南京路店", staff.UnitKind.STORE, "hq", "S001"),
        ],
        [staff.EmployeeSpec(f"c{n}", f"小{n}", "s1") for n in range(count)],
        source=COMPANY,
        at=NOON - timedelta(days=30),
    )
    found = staff.employees_by_userid([f"c{n}" for n in range(count)], at=NOON, source=COMPANY)
    return [found[f"c{n}"].id for n in range(count)]


@dataclass(frozen=True)
class Someone:
    """A customer with the subject they were first known by."""

    customer_id: int
    subject_id: int


def people(count: int, prefix: str = "p") -> list[Someone]:
    """Customers known by a member number, who agreed to promotional messages."""
    refs = [customers.IdentityRef("member_no", f"{prefix}{n}", COMPANY) for n in range(count)]
    found = customers.identify(refs, at=NOON - timedelta(days=1), source=COMPANY)
    known = [Someone(who.customer_id or 0, who.subject_id) for who in found]
    customers.set_consents(
        [
            customers.ConsentSpec(who.customer_id, "*", "promotional", True, NOON - timedelta(days=1), "test")
            for who in known
        ],
        at=NOON - timedelta(days=1),
    )
    return known


def befriend(
    who: Sequence[Someone], employee_id: int, *, at: datetime = NOON, welcome_ref: str | None = None
) -> None:
    """Friend relations, as the connector would tell them; records contact.added."""
    customers.add_contact(
        [
            customers.ContactSpec(
                subject_id=each.subject_id,
                employee_id=employee_id,
                connection=COMPANY,
                since=at,
                welcome_ref=f"{welcome_ref}-{each.subject_id}" if welcome_ref else None,
            )
            for each in who
        ],
        at=at,
        source=COMPANY,
    )


def pay(who: Someone, order_no: str, *, at: datetime, amount: int = 29_900) -> None:
    """The customer pays an order; records order.paid."""
    (done,) = commerce.record_orders(
        [
            commerce.OrderSpec(
                source="pos",
                order_no=order_no,
                paid_at=at,
                lines=(commerce.LineSpec(1, "SKU1", "银戒指", 1, amount),),
                reported_at=at,
                subject_id=who.subject_id,
            )
        ],
        at=at,
    )
    assert done.order_id is not None, done


def message(key: str, who: Someone, **extra: object) -> messaging.DeliverySpec:
    """A promotional message through test.mass, due at noon."""
    values: dict[str, object] = {
        "key": key,
        "customer_id": who.customer_id,
        "channel": "test.mass",
        "kind": "promotional",
        "content": messaging.Content("你好"),
        "due_at": NOON,
        "purpose_key": "test",
        "subject_id": who.subject_id,
        "employee_id": 1,
    }
    values.update(extra)
    return messaging.DeliverySpec(**values)  # type: ignore[arg-type]


def states() -> dict[str, int]:
    """How many deliveries stand in each state that has any."""
    return {state.value: number for state, number in messaging.counts_by_state().items() if number}


def told(*names: str) -> list[str]:
    """Names of the facts recorded so far, of these names."""
    return sorted(fact.name for fact in facts.read(names=names, limit=10_000))


_heard_until: dict[str, int] = {}


def hear(*names: str, at: datetime) -> None:
    """Deliver what is new to these subscriptions.

    In a test that commits, through the real dispatcher. Inside a test's own transaction, whose facts
    no cursor may see yet, straight to the registered handlers, round after round until quiet.
    """
    if not connection.in_atomic_block:
        facts.drain(at=at, only=names)
        return
    moved = True
    while moved:
        moved = False
        for name in names:
            subscription = facts.SUBSCRIPTIONS.get(name)
            found = facts.read(names=sorted(subscription.facts), limit=100_000)
            new = sorted(
                (
                    fact
                    for fact in found
                    if fact.id > _heard_until.get(name, 0)
                    and (subscription.backfill or fact.origin is facts.Origin.LIVE)
                ),
                key=lambda fact: fact.id,
            )
            for start in range(0, len(new), subscription.batch):
                moved = True
                chunk = new[start : start + subscription.batch]
                subscription.handle(chunk, facts.HandleContext(at, name))
                _heard_until[name] = chunk[-1].id


def in_threads(count: int, work: Callable[[int], None]) -> list[BaseException]:
    """Run ``work(n)`` in real threads that start together; returns what they raised."""
    gate = threading.Barrier(count)
    errors: list[BaseException] = []

    def one(number: int) -> None:
        try:
            gate.wait(timeout=20)
            work(number)
        except BaseException as error:  # the test decides what it means
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(n,)) for n in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return errors
