"""Orders get their customer also where they are written while who it is becomes known or changes."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce import api as commerce
from siyu.records.commerce.operations import claims
from siyu.records.customers import api as customers
from tests.records.orders import PEOPLE, order
from tests.records.people import AT, LEAD, person, phone


@pytest.mark.django_db(transaction=True)
def test_an_import_under_way_while_its_buyer_is_merged_leaves_the_order_with_the_one_kept() -> None:
    facts.install_cursors()
    kept, merged = person(1), person(2)
    subject = customers.identify([phone(2)], at=AT, source="test")[0].subject_id
    facts.drain(at=AT, only=[PEOPLE])
    written, heard, errors = threading.Event(), threading.Event(), list[BaseException]()

    def import_chunk() -> None:
        """As an import does: its transaction writes something, then an order of who is merged meanwhile."""
        try:
            with foundation.transaction():
                facts.new_subjects(1, at=AT)
                commerce.record_orders([order("A1", 1000, subject_id=subject)], at=AT)
                written.set()
                heard.wait(2)
        except BaseException as error:
            errors.append(error)
        finally:
            written.set()
            connections.close_all()

    chunk = threading.Thread(target=import_chunk)
    with foundation.transaction():
        customers.merge(kept, merged, at=AT, by=LEAD)
        chunk.start()
        assert written.wait(10)
    facts.drain(at=AT, only=[PEOPLE])  # the merge is readable: no older transaction is under way
    heard.set()
    chunk.join(10)
    facts.drain(at=AT, only=[PEOPLE])
    assert errors == []
    assert commerce.orders_of(kept).total == 1
    assert commerce.customer_totals([kept])[kept].amount == 1000


@pytest.mark.django_db(transaction=True)
def test_the_sweep_finds_a_missed_order_among_any_number_that_nobody_can_claim(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claims, "SWEEP", 5)
    with foundation.transaction():
        commerce.record_orders([order(f"N{number}", 100) for number in range(40)], at=AT)
        nobody = customers.IdentityRef("device", "phone in the shop")
        found = [who.subject_id for who in customers.identify([nobody], at=AT, source="test")]
        commerce.record_orders([order("A1", 1000, subject_id=found[0])], at=AT)
        # Identified, and nobody hears of it.
        customers.link([[nobody, phone(1)]], at=AT, source="test")
    foundation.enqueue("records_commerce.match", due_at=AT)
    foundation.run_due_jobs(at=AT, only=["records_commerce.match"])
    assert [view.order_no for view in commerce.orders_of(person(1)).items] == ["A1"]
