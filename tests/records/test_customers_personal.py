"""Export and erasure walk every declared table; refusals survive; every table is declared."""

from __future__ import annotations

import json

import pytest
from django.apps import apps

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import Conflict
from siyu.records.customers import api as customers
from siyu.records.customers.contracts import PageViewed
from siyu.records.staff import api as staff
from tests.records.people import AT, LEAD, directory, hours, person, phone, ref, told

pytestmark = pytest.mark.django_db


def somebody() -> tuple[int, int]:
    """A merged person with a bit of everything: (kept, merged)."""
    _units, people = directory()
    one = customers.link([[phone(1), ref("unionid", "u1")]], at=AT, source="t")[0].customer_id or 0
    found = customers.identify([ref("external_userid", "wm1", "corp")], at=AT, source="t")[0]
    two = found.customer_id or 0
    customers.update_profiles([customers.ProfileSpec(two, name="王芳")], at=AT, source="t")
    customers.add_contact(
        [customers.ContactSpec(found.subject_id, people["li"], "corp", AT)], at=AT, source="t"
    )
    customers.assign([two], people["li"], at=AT, reason="王芳 asked")
    seen = {"page": PageViewed("https://shop.example/?for=wangfang", "王芳's ring")}
    facts.record(
        [facts.NewFact("page.viewed", one, AT, found.subject_id, "t", key) for key, one in seen.items()],
        at=AT,
    )
    customers.tag([two], "VIP", at=AT, source="t")
    customers.set_consent(two, "*", "promotional", False, at=AT, evidence="王芳 called")
    customers.merge(one, two, at=hours(1), by=LEAD)
    return one, two


def test_everything_about_a_person_is_exported() -> None:
    one, two = somebody()
    found = customers.export_customer(two, scope=staff.EVERYTHING, at=hours(2), by=LEAD)
    assert json.loads(json.dumps(found, ensure_ascii=False)) == found
    values = {row["value"] for row in found["records_customers.Identity"]}
    assert values == {"+8613800000001", "u1", "wm1"}
    assert [row["name"] for row in found["records_customers.Customer"]] == ["", "王芳"]
    assert [row["tag"] for row in found["records_customers.CustomerTag"]] == ["VIP"]
    assert [row["granted"] for row in found["records_customers.Consent"]] == [False]
    told_of = {row["name"]: row["payload"] for row in found["facts_events.Event"]}
    assert told_of["page.viewed"] == {"url": "https://shop.example/?for=wangfang", "title": "王芳's ring"}
    assert len(found["records_customers.Contact"]) == len(found["records_customers.Assignment"]) == 1
    assert foundation.list_audit(object_kind="customer", object_id=one).items[0].verb == "customer.exported"


def test_erasure_leaves_no_trace_but_the_refusal() -> None:
    one, two = somebody()
    stranger = person(9)
    receipt = customers.erase_customer(two, scope=staff.EVERYTHING, at=hours(2), by=LEAD)
    assert receipt.customer_id == one
    assert receipt.rows["records_customers.Identity"] == 3
    view = customers.get_customer(one, scope=staff.EVERYTHING)
    assert (view.name, view.phone_masked, view.identities, view.tags, view.erased) == ("", "", (), (), True)
    tables = [m._meta.db_table for m in apps.get_models() if m._meta.app_label == "records_customers"]
    stored = repr([foundation.fetch(f"SELECT * FROM {table}") for table in tables])
    for trace in ("王芳", "138****0001", "called", "asked"):
        assert trace not in stored
    log = facts.read(limit=1000)
    for trace in ("王芳", "VIP", "wangfang"):
        assert trace not in repr(log)
    assert {"customer.tagged", "page.viewed"} <= {fact.name for fact in log}, "that it happened stays"
    with pytest.raises(Exception, match="immutable"), foundation.savepoint():
        foundation.execute("UPDATE facts_event SET payload = '{}'")
    assert [fact.payload.customer_id for fact in told("customer.erased")] == [one]
    assert customers.reach([(one, None)], channel="wecom", purpose="promotional")[0].erased
    back = customers.identify([phone(1)], at=hours(3), source="t")[0]
    assert back.customer_id not in (None, one, two)
    again = customers.reach([(back.customer_id or 0, None)], channel="wecom", purpose="promotional")[0]
    assert (again.consent, again.opted_out) == (customers.ConsentState.REFUSED, True)
    with pytest.raises(Conflict):
        customers.merge(one, stranger, at=hours(4), by=LEAD)
    assert customers.tag([one], "VIP", at=hours(4), source="t") == []
    assert customers.update_profiles([customers.ProfileSpec(one, name="x")], at=hours(4), source="t") == 0


def said(customer_id: int | None) -> customers.ConsentState:
    """What counts of what a customer said about promotional messages."""
    assert customer_id is not None
    return customers.reach([(customer_id, None)], channel="wecom", purpose="promotional")[0].consent


def test_a_refusal_comes_back_with_the_identity_whoever_gets_it() -> None:
    erased = customers.link([[phone(1), ref("openid", "o1", "mini")]], at=AT, source="t")[0].customer_id or 0
    customers.set_consent(erased, "*", "promotional", False, at=AT, evidence="a call")
    customers.erase_customer(erased, scope=staff.EVERYTHING, at=hours(2), by=LEAD)
    before = person(2)
    assert said(before) is customers.ConsentState.NOT_STATED
    subject = customers.identify([ref("openid", "o1", "mini")], at=hours(3), source="t")[0].subject_id
    assert customers.claim_subject(subject, before, at=hours(3))
    assert said(before) is customers.ConsentState.REFUSED
    new = customers.link([[ref("unionid", "u9"), phone(1)]], at=hours(3), source="t")[0].customer_id
    assert said(new) is customers.ConsentState.REFUSED
    # Whoever has agreed since the erasure has the last word.
    agreed = customers.identify([ref("unionid", "u8")], at=hours(3), source="t")[0].customer_id or 0
    customers.set_consent(agreed, "*", "promotional", True, at=hours(4), evidence="a form")
    erased = person(7)
    customers.set_consent(erased, "*", "promotional", False, at=AT, evidence="a call")
    customers.erase_customer(erased, scope=staff.EVERYTHING, at=hours(3.5), by=LEAD)
    customers.link([[ref("unionid", "u8"), phone(7)]], at=hours(5), source="t")
    assert said(agreed) is customers.ConsentState.GRANTED


def test_a_refusal_said_while_two_were_one_holds_for_both() -> None:
    one, two, other = person(1), person(2), person(3)
    customers.set_consent(two, "*", "promotional", True, at=AT, evidence="a form")
    first = customers.merge(one, two, at=hours(1), by=LEAD)
    customers.merge(one, other, at=hours(1), by=LEAD)
    customers.set_consent(two, "*", "promotional", False, at=hours(2), evidence="her own page")
    customers.undo_merge(first, at=hours(3), by=LEAD)
    assert [said(who) for who in (one, two, other)] == [customers.ConsentState.REFUSED] * 3
    kept = customers.get_customer(two, scope=staff.EVERYTHING).consents
    assert [(consent.granted, consent.at) for consent in kept] == [(False, hours(2))]


def test_a_refusal_from_before_a_merge_goes_home_with_its_own() -> None:
    one, two = person(1), person(2)
    customers.set_consent(one, "*", "promotional", False, at=AT, evidence="a call")
    merged = customers.merge(one, two, at=hours(1), by=LEAD)
    assert said(two) is customers.ConsentState.REFUSED
    customers.undo_merge(merged, at=hours(3), by=LEAD)
    assert (said(one), said(two)) == (customers.ConsentState.REFUSED, customers.ConsentState.NOT_STATED)


def test_every_table_about_people_is_declared() -> None:
    declared = {label for label, _policy in customers.PERSONAL.items()}
    ours = {
        model._meta.label
        for model in apps.get_models()
        if model._meta.app_label in ("records_customers", "records_goals")
        and {"customer_id", "subject_id"} & {field.column for field in model._meta.fields}
    }
    assert ours
    assert ours <= declared


def test_a_table_cannot_be_declared_twice_or_named_wildly() -> None:
    with pytest.raises(RuntimeError):
        customers.PERSONAL.declare(
            "records_customers.Tag", customers.PERSONAL.get("records_customers.Customer")
        )
    with pytest.raises(ValueError, match="not a table"):
        customers.delete_rows("x; DROP TABLE y")
