"""专属导购, tags, consent, profiles; who may see whom."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, NotFound
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.records.people import AT, LEAD, all_rows, at_once, directory, hours, person, phone, ref, told

pytestmark = pytest.mark.django_db


def scope(units: dict[str, int], people: dict[str, int], unit: str = "", who: str = "") -> staff.Scope:
    scopes = ([f"unit:{units[unit]}"] if unit else []) + ([f"employee:{people[who]}"] if who else [])
    principal = foundation.Principal(foundation.Role.CLERK, "x", tuple(scopes), user_id=1)
    return staff.resolve_scope(principal, at=hours(5))


def test_a_customer_has_one_steward_with_history() -> None:
    units, people = directory()
    one, two = person(1), person(2)
    assert customers.assign([one, two], people["li"], at=hours(1), reason="scan") == 2
    before = all_rows()
    assert customers.assign([one], people["li"], at=hours(2), reason="again") == 0
    assert customers.assign([one], people["zhao"], at=hours(2), reason="x", only_unassigned=True) == 0
    assert customers.assign([one], people["zhao"], at=hours(0.5), reason="a late word") == 0
    assert customers.assign([404], people["zhao"], at=hours(2), reason="nobody") == 0
    assert all_rows() == before
    assert customers.assign([one], people["chen"], at=hours(3), reason="moved", by=LEAD) == 1
    steward = customers.stewards_of([one, two])
    assert (steward[one].employee_id, steward[one].unit_id) == (people["chen"], units["S31"])
    assert (steward[two].employee_id, steward[two].unit_id) == (people["li"], units["S21"])
    view = customers.get_customer(one, scope=staff.EVERYTHING)
    assert [(a.employee_id, a.since, a.until) for a in view.assignments] == [
        (people["chen"], hours(3), None),
        (people["li"], hours(1), hours(3)),
    ]
    fact = told("customer.assigned")[-1].payload
    assert (fact.customer_id, fact.employee_id, fact.previous_employee_id) == (
        one,
        people["chen"],
        people["li"],
    )


def test_the_database_refuses_a_second_steward() -> None:
    _units, people = directory()
    one = person(1)
    customers.assign([one], people["li"], at=hours(1), reason="scan")
    with pytest.raises(IntegrityError), transaction.atomic():
        foundation.execute(
            "INSERT INTO records_customers_assignment (customer_id, employee_id, since, reason, by)"
            " VALUES (%s, %s, %s, '', '')",
            [one, people["zhao"], hours(2)],
        )


@pytest.mark.django_db(transaction=True)
def test_assignments_at_once_leave_one() -> None:
    _units, people = directory()
    ids = [person(number) for number in range(10)]
    doings = [
        lambda who=who: customers.assign(ids, people[who], at=hours(1), reason="x")  # type: ignore[misc]
        for who in ("li", "zhao", "chen", "wang")
    ]
    results = at_once(*doings)
    assert [result for result in results if isinstance(result, Exception)] == []
    assert len({s.employee_id for s in customers.stewards_of(ids).values()}) == 1
    rows = foundation.fetch("SELECT count(*) FROM records_customers_assignment WHERE until IS NULL")
    assert rows == [(10,)]


def test_after_a_merge_both_sides_see_the_person_and_the_kept_steward_counts() -> None:
    units, people = directory()
    one, two = person(1), person(2)
    customers.assign([one], people["li"], at=hours(1), reason="scan")
    customers.assign([two], people["chen"], at=hours(2), reason="scan")
    customers.tag([two], "生日月", at=hours(2), source="t")
    merge_id = customers.merge(one, two, at=hours(3), by=LEAD)
    assert customers.stewards_of([one])[one].employee_id == people["li"]
    assert customers.tags_of([one]) == {one: ["生日月"]}
    for who in ("li", "chen"):
        assert customers.in_scope([one, two], scope(units, people, who=who)) == {one, two}
    customers.undo_merge(merge_id, at=hours(4), by=LEAD)
    assert customers.stewards_of([one, two])[two].employee_id == people["chen"]
    assert customers.tags_of([one, two]) == {two: ["生日月"]}
    assert customers.in_scope([one, two], scope(units, people, who="chen")) == {two}
    customers.merge(one, two, at=hours(5), by=LEAD)
    assert customers.assign([two], people["zhao"], at=hours(6), reason="x") == 1
    open_rows = [
        a for a in customers.get_customer(one, scope=staff.EVERYTHING).assignments if a.until is None
    ]
    assert [a.employee_id for a in open_rows] == [people["zhao"]]


def test_out_of_scope_is_not_found() -> None:
    units, people = directory()
    mine, theirs, friend = person(1), person(2), person(3)
    customers.assign([mine], people["li"], at=hours(1), reason="scan")
    customers.assign([theirs], people["chen"], at=hours(1), reason="scan")
    subject = customers.anchors_of([friend])[friend]
    customers.add_contact(
        [customers.ContactSpec(subject, people["zhao"], "corp", hours(1))], at=hours(1), source="wecom"
    )
    everyone = [mine, theirs, friend]
    seen = {
        "clerk": customers.in_scope(everyone, scope(units, people, who="li")),
        "store": customers.in_scope(everyone, scope(units, people, "S21")),
        "other store": customers.in_scope(everyone, scope(units, people, "S31")),
        "region": customers.in_scope(everyone, scope(units, people, "华东")),
        "all": customers.in_scope(everyone, staff.EVERYTHING),
        "nothing": customers.in_scope(everyone, staff.NOTHING),
    }
    assert seen == {
        "clerk": {mine},
        "store": {mine},
        "other store": {theirs},
        "region": {mine, friend},
        "all": set(everyone),
        "nothing": set(),
    }
    li = scope(units, people, who="li")
    before = all_rows()
    assert customers.get_customer(mine, scope=li).id == mine
    for doing in (
        lambda: customers.get_customer(theirs, scope=li),
        lambda: customers.get_customer(404, scope=staff.EVERYTHING),
        lambda: customers.update_profile(theirs, scope=li, at=hours(2), by=LEAD, name="x"),
        lambda: customers.export_customer(theirs, scope=li, at=hours(2), by=LEAD),
        lambda: customers.erase_customer(theirs, scope=li, at=hours(2), by=LEAD),
    ):
        with pytest.raises(NotFound):
            doing()  # type: ignore[no-untyped-call]
    assert all_rows() == before
    subject_ends = customers.ContactEndSpec(
        subject, people["zhao"], "corp", hours(3), customers.EndedBy.CUSTOMER
    )
    customers.end_contact([subject_ends], at=hours(3), source="wecom")
    assert customers.in_scope([friend], scope(units, people, "华东")) == set()


def test_scope_is_one_condition_for_any_column() -> None:
    units, people = directory()
    one = person(1)
    customers.assign([one], people["li"], at=hours(1), reason="scan")
    condition, params = customers.scope_sql(scope(units, people, who="li"), "x.id")
    rows = foundation.fetch(f"SELECT x.id FROM records_customers_customer x WHERE {condition}", params)
    assert rows == [(one,)]
    with pytest.raises(ValueError, match="not a column"):
        customers.scope_sql(staff.EVERYTHING, "id; DROP TABLE x")


def test_tags_are_put_and_taken_once() -> None:
    ids = [person(number) for number in range(3)]
    assert customers.tag(ids[:2], " 新客 ", at=AT, source="t") == ids[:2]
    assert customers.tag(ids, "新客", at=hours(1), source="t") == ids[2:]
    assert customers.untag(ids[:1] * 2, "新客", at=hours(2), source="t") == ids[:1]
    before = all_rows()
    assert customers.untag(ids[:1], "新客", at=hours(3), source="t") == []
    assert customers.untag(ids, "没有的标签", at=hours(3), source="t") == []
    for wrong in ("", " ", "x" * 61):
        with pytest.raises(BadInput):
            customers.tag(ids, wrong, at=AT, source="t")
    assert all_rows() == before
    assert customers.tags_of(ids) == {ids[1]: ["新客"], ids[2]: ["新客"]}
    assert customers.list_tags() == [("新客", 2)]
    assert customers.tag_many([(ids[0], "a"), (ids[0], "b"), (ids[0], "a")], at=AT, source="t") == [
        (ids[0], "a"),
        (ids[0], "b"),
    ]
    carried: dict[int, set[str]] = {}
    for fact in told("customer.tagged", "customer.untagged"):
        tags = carried.setdefault(fact.payload.customer_id, set())
        (tags.add if fact.name == "customer.tagged" else tags.discard)(fact.payload.tag)
    assert {customer: sorted(tags) for customer, tags in carried.items()} == customers.tags_of(ids)


def test_the_latest_word_on_consent_counts_in_any_order() -> None:
    _units, people = directory()
    one = person(1)
    words = [(3, False), (1, True), (2, True)]
    for hour, granted in words:
        assert customers.set_consent(one, "wecom", "promotional", granted, at=hours(hour), evidence="form")
    assert not customers.set_consent(one, "wecom", "promotional", False, at=hours(3), evidence="again")
    state = customers.reach([(one, None), (404, None)], channel="wecom", purpose="promotional")
    assert [(r.consent.value, r.opted_out, r.is_friend, r.erased) for r in state] == [
        ("refused", False, False, False),
        ("not_stated", False, False, True),
    ]
    assert len(told("consent.changed")) == 3
    customers.set_consent(one, "wecom", "promotional", True, at=hours(4), evidence="form")
    customers.set_consent(one, "*", "*", False, at=hours(4), evidence="call")  # at one moment a no wins
    opted = customers.reach([(one, people["li"])], channel="wecom", purpose="promotional")[0]
    assert (opted.consent.value, opted.opted_out) == ("refused", True)
    other = customers.reach([(one, None)], channel="sms", purpose="service")[0]
    assert other.opted_out
    latest = {
        (c.channel, c.purpose): c.granted
        for c in customers.get_customer(one, scope=staff.EVERYTHING).consents
    }
    assert latest == {("wecom", "promotional"): True, ("*", "*"): False}


def test_reach_knows_friends_by_employee_and_through_merges() -> None:
    _units, people = directory()
    one, two = person(1), person(2)
    spec = customers.ContactSpec(customers.anchors_of([two])[two], people["li"], "corp", hours(1))
    customers.add_contact([spec], at=hours(1), source="wecom")
    customers.merge(one, two, at=hours(2), by=LEAD)
    pairs = [(one, people["li"]), (two, people["li"]), (one, people["zhao"]), (one, None)]
    with CaptureQueriesContext(connection) as queries:
        found = customers.reach(pairs, channel="wecom", purpose="service")
    assert len(queries) == 1
    assert [(r.customer_id, r.is_friend) for r in found] == [
        (one, True),
        (one, True),
        (one, False),
        (one, True),
    ]


def test_a_source_s_long_name_is_cut_and_a_person_s_is_refused() -> None:
    one = person(1)
    family = "👨‍👩‍👧‍👦"
    long = family * 714  # about 5,000 characters
    assert customers.update_profiles([customers.ProfileSpec(one, name=long)], at=AT, source="wecom") == 1
    name = customers.profiles([one])[one].name
    assert name == family * 9
    assert (
        customers.update_profiles([customers.ProfileSpec(one, name=long)], at=hours(1), source="wecom") == 0
    )
    before = all_rows()
    for text, code in ((long, "name.too_long"), ("  ", "name.empty"), ("a\x00b", "name.characters")):
        with pytest.raises(BadInput) as caught:
            customers.update_profile(one, scope=staff.EVERYTHING, at=hours(1), by=LEAD, name=text)
        assert caught.value.code == code
    with pytest.raises(BadInput):
        customers.update_profile(one, scope=staff.EVERYTHING, at=hours(1), by=LEAD, gender="x")
    assert all_rows() == before
    customers.update_profiles(
        [customers.ProfileSpec(one, name="王\x00\n芳", avatar="javascript:x")], at=AT, source="w"
    )
    assert (customers.profiles([one])[one].name, customers.profiles([one])[one].avatar) == ("王  芳", "")
    customers.update_profile(one, scope=staff.EVERYTHING, at=hours(2), by=LEAD, name="王芳", gender="female")
    assert told("customer.updated")[-1].payload.fields == ("name", "gender")


def test_a_merged_person_shows_what_either_side_knew() -> None:
    one = person(1)
    two = customers.identify([ref("external_userid", "wm1", "corp")], at=AT, source="t")[0].customer_id or 0
    customers.update_profiles(
        [customers.ProfileSpec(two, name="小王", gender="female")], at=AT, source="wecom"
    )
    customers.merge(one, two, at=hours(1), by=LEAD)
    profile = customers.profiles([one, two])
    assert profile.keys() == {one}
    assert (profile[one].name, profile[one].phone_masked, profile[one].gender) == (
        "小王",
        "138****0001",
        "female",
    )


def test_one_customer_costs_a_bounded_number_of_queries() -> None:
    _units, people = directory()
    few, many = person(1), person(2)
    customers.link([[phone(2), ref("openid", f"o{n}", "app")] for n in range(20)], at=AT, source="t")
    customers.tag_many([(many, f"tag{n}") for n in range(20)], at=AT, source="t")
    for n in range(6):
        customers.assign([many], people["li" if n % 2 else "zhao"], at=hours(n), reason="x")
    counts = []
    for customer in (few, many):
        with CaptureQueriesContext(connection) as queries:
            customers.get_customer(customer, scope=staff.EVERYTHING)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 11
