"""A generated brand is what the modules themselves would have made of its records and facts."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from siyu.config.generate.main import generate
from siyu.config.generate.plan import Plan
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.cards.rules import name_grams, phone_tail
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.kit.errors import Conflict
from siyu.records.customers import api as customers

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
PLAN = Plan(400, 8_000)
PAGES = (
    ("/", 70),
    ("/customers/", 20),
    ("/customers/?sort=-net_total&stage=active&friend=yes", 20),
    ("/customers/?q=%E7%8E%8B", 20),
    ("/customers/{customer}/", 35),
    ("/segments/", 15),
    ("/deliveries/", 18),
)
"""Addresses and how many queries they may make at most, whatever the size of the brand."""


def _count(sql: str) -> int:
    return int(foundation.fetch(sql)[0][0])


def _elsewhere() -> dict[str, Any]:
    """How the server's own database is reached."""
    found = connection.get_connection_params()
    return {name: found[name] for name in ("host", "port", "user", "password") if found.get(name)} | {
        "dbname": "postgres"
    }


def _indexes() -> list[tuple[str, str]]:
    """Every index and key of the whole database but for the months of the log, whose number changes."""
    return [
        (row[0], row[1])
        for row in foundation.fetch(
            # not the definition's text: PostgreSQL writes the casts of a condition another way once it has read them back
            """SELECT indexrelid::regclass::text,
                 concat_ws(' ', indisunique, indkey, indoption, indpred IS NOT NULL, pg_get_expr(indexprs, indrelid), amname)
               FROM pg_index JOIN pg_class r ON r.oid = indrelid JOIN pg_class i ON i.oid = indexrelid JOIN pg_am a ON a.oid = i.relam
               WHERE r.relnamespace = 'public'::regnamespace AND NOT r.relispartition
               UNION ALL SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(c.oid) FROM pg_constraint c
               JOIN pg_class r ON r.oid = conrelid WHERE NOT relispartition AND relnamespace = 'public'::regnamespace ORDER BY 1, 2"""
        )
    ]


@pytest.mark.django_db(transaction=True)
def test_cards_and_segments_equal_a_rebuild_and_pages_ask_a_bounded_number_of_queries(client: Client) -> None:
    before = _indexes()
    # Somebody writes in another database of the same server all the while, and a moment longer.
    with psycopg.connect(**_elsewhere()) as other:
        other.execute("SELECT pg_current_xact_id()")

        def say(text: str, seconds: float) -> None:
            if text == "✓ segments":
                threading.Timer(0.5, other.commit).start()

        generate(PLAN, at=AT, say=say)
    made = _count("SELECT count(*) FROM facts_log WHERE correlation_id = 'generate'")
    assert made == PLAN.facts
    assert _count("SELECT count(*) FROM records_customers_customer") == PLAN.customers
    assert _count("SELECT count(*) FROM records_commerce_order") == PLAN.orders
    assert _count("SELECT count(*) FROM facts_event_default") == 0
    assert _count("SELECT sum(orders) FROM insights_cards_card") == PLAN.orders
    sought = foundation.fetch(
        "SELECT c.name, c.phone_masked, c.tags, s.grams, s.phone_tail, s.tags FROM insights_cards_card c"
        " JOIN insights_cards_cardsearch s USING (customer_id)"
    )
    assert len(sought) == PLAN.customers
    for name, phone, tags, grams, tail, found in sought:
        assert (name_grams(name), phone_tail(phone), tags) == (grams, tail, found)
    assert _indexes() == before
    assert not any(facts.lag().values())
    with foundation.transaction():
        assert cards.rebuild(at=AT) == 0
        assert [(one.entered, one.left) for one in segments.rebuild(at=AT)] == [(0, 0)] * 5
        [known] = customers.identify(
            [customers.IdentityRef("phone", "13900000005")], at=AT, source="test"
        )  # the sixth person, found by the number that was hashed and sealed
    assert known.customer_id is not None
    assert _count("SELECT count(*) FROM records_customers_customer") == PLAN.customers
    with pytest.raises(Conflict, match=r"customers already|已有客户"):
        generate(PLAN, at=AT)
    owner = foundation.account_for_username("owner")
    assert owner is not None
    client.force_login(owner)
    with clock.frozen(AT):
        for path, most in PAGES:
            address = path.format(customer=known.customer_id)
            client.get(address)
            with CaptureQueriesContext(
                connection,
            ) as asked:
                assert client.get(address).status_code == 200
            assert len(asked) <= most, f"{address}: {len(asked)} queries"
