"""The database itself keeps what must never be twice, whoever writes."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from tests.records.people import AT, LEAD, directory, hours, person, phone, ref

TWICE = {
    "two subjects of one identity": (
        "INSERT INTO records_customers_identity (kind, realm, value_hash, value_sealed, subject_id, first_seen_at, source)"
        " SELECT kind, realm, value_hash, value_sealed, subject_id + 1000000, first_seen_at, source"
        " FROM records_customers_identity LIMIT 1"
    ),
    "two identities of one subject": (
        "INSERT INTO records_customers_identity (kind, realm, value_hash, value_sealed, subject_id, first_seen_at, source)"
        " SELECT kind, realm, '\\x00', value_sealed, subject_id, first_seen_at, source"
        " FROM records_customers_identity LIMIT 1"
    ),
    "two customers of one subject": (
        "INSERT INTO records_customers_subjectmap (subject_id, home_id, customer_id, valid_from)"
        " SELECT subject_id, home_id, customer_id + 1, now() FROM records_customers_subjectmap"
        " WHERE valid_to IS NULL LIMIT 1"
    ),
    "two customers of one anchor": (
        "INSERT INTO records_customers_customer (anchor_subject_id, root_id, name, avatar, gender, phone_masked, created_at)"
        " SELECT anchor_subject_id, id, '', '', '', '', now() FROM records_customers_customer LIMIT 1"
    ),
    "one merge twice, the other way round": (
        "INSERT INTO records_customers_merge (kept_id, merged_id, at, by, by_rule, reason, undone_by)"
        " SELECT merged_id, kept_id, now(), '', false, '', '' FROM records_customers_merge"
    ),
    "somebody merged with themselves": (
        "INSERT INTO records_customers_merge (kept_id, merged_id, at, by, by_rule, reason, undone_by)"
        " SELECT kept_id, kept_id, now(), '', false, '', '' FROM records_customers_merge"
    ),
    "two cases of one pair": (
        "INSERT INTO records_customers_mergecase (first_id, second_id, reason, claim, state, opened_at, resolved_by)"
        " SELECT first_id, second_id, reason, claim, 'open', now(), '' FROM records_customers_mergecase"
    ),
    "two open relations": (
        "INSERT INTO records_customers_contact (subject_id, employee_id, connection, since, told_since, ended_by, state, add_way)"
        " SELECT subject_id, employee_id, connection, now(), now(), '', '', '' FROM records_customers_contact"
    ),
    "one word about a relation twice": (
        "INSERT INTO records_customers_contactevent"
        " (subject_id, employee_id, connection, occurred_at, kind, ended_by, state, add_way)"
        " SELECT subject_id, employee_id, connection, occurred_at, kind, '', '', '' FROM records_customers_contactevent"
    ),
    "two stewards": (
        "INSERT INTO records_customers_assignment (customer_id, employee_id, since, reason, by)"
        " SELECT customer_id, employee_id + 1, now(), '', '' FROM records_customers_assignment"
    ),
    "one tag twice": (
        "INSERT INTO records_customers_customertag (customer_id, tag_id, since, source)"
        " SELECT customer_id, tag_id, now(), '' FROM records_customers_customertag"
    ),
    "one statement twice": (
        "INSERT INTO records_customers_consent (customer_id, channel, purpose, granted, at, evidence)"
        " SELECT customer_id, channel, purpose, granted, at, '' FROM records_customers_consent"
    ),
    "a period that ends before it begins": "UPDATE records_customers_assignment SET until = since - interval '1 s'",
}


@pytest.fixture
def world(db: None) -> None:
    """One of everything."""
    _units, people = directory()
    one, two = person(1), person(2)
    customers.merge(one, two, at=hours(1), by=LEAD)
    customers.link([[phone(3), ref("unionid", "u")], [phone(4), ref("unionid", "u")]], at=AT, source="t")
    subject = customers.anchors_of([one])[one]
    customers.add_contact([customers.ContactSpec(subject, people["li"], "corp", AT)], at=AT, source="t")
    customers.assign([one], people["li"], at=AT, reason="x")
    customers.tag([one], "VIP", at=AT, source="t")
    customers.set_consent(one, "*", "*", True, at=AT, evidence="x")


@pytest.mark.parametrize("what", TWICE)
def test_the_database_refuses(world: None, what: str) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        assert foundation.execute(TWICE[what]) == 0, "it was accepted"
