"""A small brand to judge: people, staff, orders, and a drain that works inside a test's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

START = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)  # noon of a Monday in Shanghai
LOWER = ("records_", "insights")


@dataclass
class Brand:
    """Drives the records through their doors; ``at`` is the business time of the next step."""

    at: datetime = START
    seen: dict[str, int] = field(default_factory=dict)
    count: int = 0

    def later(self, **span: float) -> None:
        self.at += timedelta(**span)

    def person(self, name: str, phone: str | None = None, origin: facts.Origin | None = None) -> int:
        """A new customer, known by phone."""
        self.count += 1
        ref = customers.IdentityRef("phone", phone or f"1380000{self.count:04d}")
        found = customers.identify([ref], at=self.at, source="test", origin=origin)[0]
        assert found.customer_id is not None
        customers.update_profile(
            found.customer_id, name=name, at=self.at, scope=staff.EVERYTHING, by=foundation.SYSTEM
        )
        return found.customer_id

    def subject(self, customer_id: int) -> int:
        return customers.subjects_of([customer_id])[customer_id][0]

    def order(
        self,
        customer_id: int,
        amount: int,
        *,
        paid_at: datetime | None = None,
        number: str = "",
        origin: facts.Origin | None = None,
        subject_id: int | None = None,
        unit_id: int | None = None,
    ) -> int:
        self.count += 1
        spec = commerce.OrderSpec(
            source="pos",
            order_no=number or f"N{self.count}",
            paid_at=paid_at or self.at,
            lines=(commerce.LineSpec(1, "sku", "ring", 1, amount),),
            reported_at=self.at,
            subject_id=subject_id or self.subject(customer_id),
            unit_id=unit_id,
        )
        result = commerce.record_orders([spec], at=self.at, origin=origin)[0]
        assert result.order_id is not None
        return result.order_id

    def refund(self, number: str, amount: int, refund_no: str = "") -> None:
        self.count += 1
        spec = commerce.RefundSpec("pos", number, refund_no or f"R{self.count}", self.at, amount=amount)
        commerce.record_refunds([spec], at=self.at)

    def view_page(
        self,
        subject_id: int,
        when: datetime | None = None,
        url: str = "/a",
        origin: facts.Origin | None = None,
    ) -> facts.Fact:
        self.count += 1
        payload = facts.CATALOGUE.get("page.viewed").payload(url=url)
        new = facts.NewFact(
            "page.viewed", payload, when or self.at, subject_id, "test", f"v{self.count}", origin
        )
        fact_id = facts.record([new], at=self.at)[0]
        assert fact_id is not None
        return facts.read(ids=[fact_id])[0]

    def staff(self, *names: str) -> dict[str, int]:
        """Employees of one store each (the userid is the name)."""
        units = [staff.UnitSpec("root", "HQ", staff.UnitKind.COMPANY)]
        units += [staff.UnitSpec(f"s-{n}", f"store {n}", staff.UnitKind.STORE, "root") for n in names]
        people = [staff.EmployeeSpec(n, n.title(), f"s-{n}") for n in names]
        staff.sync_directory(units, people, source="test", at=self.at)
        return {n: e.id for n, e in staff.employees_by_userid(names, at=self.at).items()}

    def befriend(self, customer_id: int, employee_id: int, state: str = "") -> None:
        spec = customers.ContactSpec(self.subject(customer_id), employee_id, "corp", self.at, state=state)
        customers.add_contact([spec], at=self.at, source="test")

    def drain(self, batch: int = 1_000) -> int:
        """Deliver to the subscriptions of records and insights what they have not seen.

        ``facts.drain`` reads only what other transactions committed, which a test's own never does.
        """
        total = 0
        while True:
            moved = 0
            for name, subscription in facts.SUBSCRIPTIONS.items():
                if name.startswith(LOWER):
                    moved += self._deliver(name, subscription, batch)
            total += moved
            if not moved:
                return total

    def _deliver(self, name: str, subscription: facts.Subscription, batch: int) -> int:
        names = sorted(subscription.facts)
        ids = foundation.fetch(
            f"SELECT id FROM {facts.LOG_VIEW} WHERE id > %s AND name = ANY(%s) ORDER BY id LIMIT %s",
            [self.seen.get(name, 0), names, batch],
        )
        if not ids:
            return 0
        found = sorted(facts.read(ids=[row[0] for row in ids], limit=batch), key=lambda f: f.id)
        subscription.handle(found, facts.HandleContext(self.at, name))
        self.seen[name] = found[-1].id
        return len(found)

    def card(self, customer_id: int) -> cards.CardView:
        return cards.get_card(customer_id, scope=staff.EVERYTHING, at=self.at)

    def facts_named(self, *names: str) -> list[facts.Fact]:
        return facts.read(names=names, limit=10_000)


@pytest.fixture
def brand(db: None) -> Brand:
    """An empty brand at noon of 2 March 2026."""
    return Brand()


def trait(name: str, op: str, value: object = None) -> dict[str, object]:
    return {"trait": {"field": name, "op": op, "value": value}}


def rule(*nodes: dict[str, object], kind: str = "all") -> dict[str, object]:
    return {"version": 1, "root": {kind: list(nodes)}}


def names_of(brand: Brand, customer_ids: Sequence[int]) -> list[str]:
    found = cards.cards_by_id(customer_ids, at=brand.at)
    return sorted(found[c].name for c in customer_ids)
