"""Orders follow a merge also where they are written while it happens."""

from __future__ import annotations

import threading

import pytest
from django.db import connections

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce import api as commerce
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
