"""Late identification, merging, undoing, and what a person must decide."""

from __future__ import annotations

import pytest

from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.customers import api as customers
from siyu.records.customers.contracts import CaseState
from siyu.records.staff import api as staff
from tests.records.people import AT, LEAD, all_rows, at_once, directory, hours, person, phone, ref, told

pytestmark = pytest.mark.django_db
UNION, OPEN, EXT = ref("unionid", "u1"), ref("openid", "o1", "app"), ref("external_userid", "wm1", "corp")


def link(*groups: list[customers.IdentityRef], at: float = 1) -> list[customers.LinkResult]:
    return customers.link(groups, at=hours(at), source="test")


def cases(state: CaseState = CaseState.OPEN) -> list[tuple[int, int, str]]:
    return [
        (case.first_id, case.second_id, case.reason)
        for case in customers.merge_cases(scope=staff.EVERYTHING, state=state)
    ]


def test_a_stranger_becomes_somebody_later() -> None:
    stranger = customers.identify([OPEN], at=AT, source="web")[0]
    assert stranger.customer_id is None
    one = person(1)
    result = link([phone(1), OPEN, UNION])[0]
    assert (result.customer_id, result.merged_ids, result.case_id) == (one, (), None)
    assert customers.customers_of([stranger.subject_id]) == {stranger.subject_id: one}
    assert customers.subjects_of([one])[one] == sorted(result.subject_ids)
    known = [(fact.payload.customer_id, fact.payload.identity_kind) for fact in told("customer.identified")]
    assert sorted(known) == [(one, "openid"), (one, "unionid")]
    before = all_rows()
    assert link([phone(1), OPEN, UNION], [UNION, OPEN], at=2)[0].customer_id == one
    assert all_rows() == before


def test_weak_identities_wait_together_for_a_name() -> None:
    device = ref("device", "d1")
    assert link([OPEN, device])[0].customer_id is None
    assert link([ref("order_no", "A1", "shop"), device])[0].customer_id is None
    one = link([OPEN, phone(1)])[0].customer_id
    assert one is not None
    found = customers.identify([OPEN, device, ref("order_no", "A1", "shop")], at=AT, source="t")
    assert {f.customer_id for f in found} == {one}


def test_two_customers_proven_one_are_merged_and_the_older_stays() -> None:
    one, two = person(1), customers.identify([EXT], at=AT, source="t")[0].customer_id
    result = link([EXT, phone(1)])[0]
    assert (result.customer_id, result.merged_ids) == (one, (two,))
    assert customers.current_ids([one, two or 0]) == {one: one, two: one}
    fact = told("customer.merged")[0]
    assert (fact.payload.kept_id, fact.payload.merged_id) == (one, two)
    assert customers.subjects_of([one, two or 0]).keys() == {one}
    assert customers.get_customer(two or 0, scope=staff.EVERYTHING).id == one


def test_one_wechat_id_claimed_by_two_phones_merges_nothing() -> None:
    one = link([phone(1), UNION])[0].customer_id
    two = person(2)
    result = link([phone(2), UNION])[0]
    assert (result.merged_ids, result.customer_id) == ((), one)
    assert result.case_id is not None
    assert cases() == [(one, two, "two_phone")]
    assert told("customer.merged") == []
    before = all_rows()
    assert link([UNION, phone(2)], at=3)[0].case_id == result.case_id
    assert all_rows() == before


def test_a_phone_never_seen_that_contradicts_is_its_own_customer_and_a_case() -> None:
    one = link([phone(1), UNION])[0].customer_id
    result = link([UNION, phone(2), OPEN])[0]
    two = customers.find_customer(phone(2), scope=staff.EVERYTHING)
    assert two not in (None, one)
    assert cases() == [(one, two, "two_phone")]
    assert customers.identify([OPEN], at=AT, source="t")[0].customer_id == one
    assert result.case_id is not None


def test_two_new_phones_in_one_claim_are_two_people_and_a_case() -> None:
    link([phone(1), phone(2), UNION])
    found = [customers.find_customer(phone(n), scope=staff.EVERYTHING) for n in (1, 2)]
    assert None not in found
    assert len(set(found)) == 2
    assert [case[2] for case in cases()] == ["two_phone"]


def test_a_person_decides_a_case() -> None:
    one, two = link([phone(1), UNION])[0].customer_id or 0, person(2)
    case = link([phone(2), UNION])[0].case_id or 0
    with pytest.raises(BadInput):
        customers.resolve_case(case, same_person=True, at=hours(2), by=LEAD, kept_id=999)
    merge_id = customers.resolve_case(case, same_person=True, at=hours(2), by=LEAD, kept_id=two)
    assert customers.current_ids([one, two]) == {one: two, two: two}
    assert cases() == []
    assert cases(CaseState.MERGED) == [(one, two, "two_phone")]
    with pytest.raises(Conflict):
        customers.resolve_case(case, same_person=False, at=hours(3), by=LEAD)
    with pytest.raises(NotFound):
        customers.resolve_case(404, same_person=False, at=hours(3), by=LEAD)
    assert merge_id is not None
    assert [row.verb for row in foundation.list_audit(object_kind="customer").items] == ["customer.merged"]


def test_dismissed_stays_dismissed() -> None:
    link([phone(1), UNION])
    person(2)
    case = link([phone(2), UNION])[0].case_id or 0
    assert customers.resolve_case(case, same_person=False, at=hours(2), by=LEAD) is None
    assert link([phone(2), UNION], at=3)[0].case_id == case
    assert (cases(), len(cases(CaseState.DISMISSED))) == ([], 1)
    assert told("customer.merged") == []


def test_undo_gives_back_what_each_brought_and_is_remembered() -> None:
    one, two = person(1), customers.identify([EXT], at=AT, source="t")[0].customer_id or 0
    merge_id = customers.merge(one, two, at=hours(1), by=LEAD, reason="same voice")
    late = link([EXT, OPEN], at=2)[0]
    assert late.customer_id == one
    customers.undo_merge(merge_id, at=hours(3), by=LEAD)
    assert customers.identify([OPEN], at=AT, source="t")[0].customer_id == two
    assert customers.identify([phone(1)], at=AT, source="t")[0].customer_id == one
    fact = told("customer.unmerged")[0]
    assert (fact.payload.kept_id, fact.payload.merged_id) == (one, two)
    before = all_rows()
    customers.undo_merge(merge_id, at=hours(4), by=LEAD)
    assert all_rows() == before
    again = link([phone(1), EXT], at=5)[0]
    assert (again.merged_ids, cases()) == ((), [(one, two, "undone_before")])
    assert customers.merge(one, two, at=hours(6), by=LEAD) != merge_id
    assert cases() == []
    with pytest.raises(NotFound):
        customers.undo_merge(404, at=hours(7), by=LEAD)


def test_what_is_linked_while_merged_goes_with_its_own_on_undo() -> None:
    one, two = person(1), person(2)
    wechat = customers.identify([UNION], at=AT, source="t")[0].customer_id
    merge_id = customers.merge(one, two, at=hours(1), by=LEAD)
    assert link([phone(2), UNION], at=2)[0].customer_id == one
    customers.undo_merge(merge_id, at=hours(3), by=LEAD)
    assert customers.current_ids([one, two, wechat or 0]) == {one: one, two: two, wechat: two}


def test_merging_again_or_wrongly_changes_nothing() -> None:
    one, two = person(1), person(2)
    merge_id = customers.merge(one, two, at=hours(1), by=LEAD)
    before = all_rows()
    assert customers.merge(one, two, at=hours(2), by=LEAD) == merge_id
    assert customers.merge(two, one, at=hours(2), by=LEAD) == merge_id
    with pytest.raises(BadInput):
        customers.merge(one, one, at=hours(2), by=LEAD)
    with pytest.raises(NotFound):
        customers.merge(one, 404, at=hours(2), by=LEAD)
    assert all_rows() == before


def test_the_map_remembers_when() -> None:
    one, two = person(1), person(2)
    merge_id = customers.merge(one, two, at=hours(1), by=LEAD)
    customers.undo_merge(merge_id, at=hours(2), by=LEAD)
    subject = customers.anchors_of([two])[two]
    rows = foundation.fetch(
        "SELECT customer_id, valid_from, valid_to FROM records_customers_subjectmap WHERE subject_id = %s ORDER BY id",
        [subject],
    )
    assert rows == [(two, AT, hours(1)), (one, hours(1), hours(2)), (two, hours(2), None)]


def test_cases_are_seen_within_scope_only() -> None:
    _units, people = directory()
    link([phone(1), UNION])
    two = person(2)
    link([phone(2), UNION])
    li = staff.Scope(employee_ids=frozenset({people["li"]}), employee_id=people["li"])
    assert customers.merge_cases(scope=li) == []
    customers.assign([two], people["li"], at=hours(2), reason="test")
    assert customers.merge_cases(scope=li) == [], "the other one is nobody's that she may see"
    customers.assign([person(1)], people["li"], at=hours(2), reason="test")
    assert len(customers.merge_cases(scope=li)) == 1


@pytest.mark.django_db(transaction=True)
def test_claims_and_merges_at_once_leave_one_person() -> None:
    one, two, three = person(1), person(2), customers.identify([EXT], at=AT, source="t")[0].customer_id or 0
    results = at_once(
        lambda: customers.merge(one, two, at=hours(1), by=LEAD),
        lambda: customers.merge(two, one, at=hours(1), by=LEAD),
        lambda: link([phone(2), OPEN]),
        lambda: link([OPEN, phone(2)]),
        lambda: link([EXT, phone(1)]),
        lambda: link([phone(1), EXT]),
    )
    assert [result for result in results if isinstance(result, Exception)] == []
    assert len(set(customers.current_ids([one, two, three]).values())) == 1
    assert customers.identify([OPEN], at=AT, source="t")[0].customer_id == customers.current_ids([one])[one]
    assert len(told("customer.merged")) == 2
