"""Who is this: normal forms, one subject per identity, one customer per stranger, few statements."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.records.people import AT, all_rows, at_once, hours, phone, ref, told

SAME_PHONE = [
    "13812344145",
    "+8613812344145",
    "+86 138 1234 4145",
    "0086-138-1234-4145",
    "86 13812344145",
    " 138-1234-4145 ",
    "(138) 1234.4145",
    "１３８１２３４４１４５",  # full width
]


@pytest.mark.django_db
def test_a_phone_is_one_identity_however_it_is_written() -> None:
    found = customers.identify([ref("phone", text) for text in SAME_PHONE], at=AT, source="test")
    assert len(set(found)) == 1
    view = customers.get_customer(found[0].customer_id or 0, scope=staff.EVERYTHING)
    assert view.phone_masked == "138****4145"
    assert [(i.kind, i.masked) for i in view.identities] == [(customers.IdentityKind.PHONE, "138****4145")]


@pytest.mark.django_db
def test_kinds_and_realms_keep_values_apart() -> None:
    refs = [
        ref("openid", "o-1", "app1"),
        ref("openid", "o-1", "app2"),
        ref("member_no", "7", "cdnow"),
        ref("member_no", "7", "pos"),
        ref("unionid", "u7"),
        ref("unionid", "u7", "app1"),
        ref("order_no", "7", "pos"),
        ref("device", "7"),
        ref("phone", "+1 (415) 555-0100"),
        ref("phone", "021-62881234"),
        ref("phone", "+862162881234"),
    ]
    found = customers.identify(refs, at=AT, source="test")
    subjects = [one.subject_id for one in found]
    assert len(set(subjects)) == 9
    assert subjects[4] == subjects[5]  # a unionid has no realm
    assert subjects[9] == subjects[10]
    weak = [number for number, one in enumerate(found) if one.customer_id is None]
    assert weak == [0, 1, 6, 7]
    assert len(told("customer.created")) == 5


UNUSABLE = {
    "masked": ref("phone", "138****4145"),
    "malformed": ref("phone", "12345"),
    "unknown_kind": ref("email", "a@b.c"),
}
MALFORMED = [
    ref("phone", ""),
    ref("phone", "abc"),
    ref("phone", "+8612345"),
    ref("phone", "12812344145"),
    ref("unionid", "has space"),
    ref("unionid", "x" * 65),
    ref("openid", "表情"),
    ref("order_no", ""),
    ref("order_no", "a\x00b"),
    ref("member_no", "1", "r" * 65),
    ref("device", "d" * 129),
]


@pytest.mark.django_db
def test_an_unusable_reference_is_named_and_nothing_is_made() -> None:
    before = all_rows()
    for problem, one in UNUSABLE.items():
        assert customers.check_ref(one) == problem
        with pytest.raises(BadInput) as caught:
            customers.identify([phone(1), one], at=AT, source="test")
        assert (caught.value.code, caught.value.params["number"]) == ("identity.invalid", 2)
        assert caught.value.params["problem"] == problem
    for one in MALFORMED:
        assert customers.check_ref(one) == "malformed", one
    assert customers.check_ref(phone(1)) is None
    assert all_rows() == before


@pytest.mark.django_db
def test_values_are_not_stored_in_the_clear() -> None:
    customers.identify([ref("phone", "13812344145"), ref("unionid", "union-secret-1")], at=AT, source="test")
    stored = repr(foundation.fetch("SELECT value_hash, value_sealed FROM records_customers_identity"))
    log = repr(foundation.fetch("SELECT payload FROM facts_event"))
    for secret in ("13812344145", "union-secret-1"):
        assert secret not in stored + log


@pytest.mark.django_db
def test_thousands_cost_a_handful_of_statements() -> None:
    refs = [phone(number % 3000) for number in range(4000)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        first = customers.identify(refs, at=AT, source="test")
    assert len(queries) <= 8
    assert len({one.customer_id for one in first}) == 3000
    assert first[3000:] == first[:1000]
    with CaptureQueriesContext(connection) as queries:
        assert customers.identify(refs, at=hours(1), source="other") == first
        customers.customers_of([one.subject_id for one in first])
    assert len(queries) == 2
    assert len(told("customer.created")) == 3000


@pytest.mark.django_db
def test_backfill_stays_backfill() -> None:
    customers.identify([phone(1)], at=AT, source="file", origin=facts.Origin.BACKFILL)
    assert [fact.origin for fact in told("customer.created")] == [facts.Origin.BACKFILL]


@pytest.mark.django_db(transaction=True)
def test_many_workers_meet_the_same_strangers_at_once() -> None:
    refs = [phone(number) for number in range(50)] + [ref("openid", f"o{n}", "app") for n in range(50)]
    orders = [refs, refs[::-1], refs[25:] + refs[:25], refs[50:] + refs[:50]] * 2
    results = at_once(*[lambda o=order: customers.identify(o, at=AT, source="t") for order in orders])  # type: ignore[misc]
    maps = []
    for order, result in zip(orders, results, strict=True):
        assert isinstance(result, list), result
        maps.append({one.value: found for one, found in zip(order, result, strict=True)})
    assert all(one == maps[0] for one in maps)
    counts = [
        foundation.fetch(f"SELECT count(*) FROM records_customers_{table}")[0][0]
        for table in ("identity", "customer", "subjectmap")
    ]
    assert counts == [100, 50, 50]
    assert len(told("customer.created")) == 50


@pytest.mark.django_db
def test_finding_makes_nothing() -> None:
    found = customers.identify([phone(1), ref("openid", "o", "app")], at=AT, source="test")
    before = all_rows()
    assert customers.find_customer(phone(1), scope=staff.EVERYTHING) == found[0].customer_id
    assert customers.find_customer(phone(2), scope=staff.EVERYTHING) is None
    assert customers.find_customer(ref("openid", "o", "app"), scope=staff.EVERYTHING) is None
    assert customers.find_customer(ref("phone", "nonsense"), scope=staff.EVERYTHING) is None
    assert customers.find_customer(phone(1), scope=staff.NOTHING) is None
    assert all_rows() == before
