"""Rooms about people: deciding whether two are one and undoing it; handing out and erasing personal data."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from siyu.decisions.acquisition import api as acquisition
from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.records.people import AT, directory, hours, person, phone, ref

pytestmark = pytest.mark.django_db
UNION = ref("unionid", "u1")


def client(role: Role, scope: str = "all") -> Client:
    """Somebody of that role, signed in."""
    name = role.value
    foundation.create_account(
        username=name, display_name=name, role=role, scopes=[scope], at=AT, by=foundation.SYSTEM
    )
    user = foundation.account_for_username(name)
    assert user is not None
    found = Client()
    found.force_login(user)
    return found


def a_case() -> tuple[int, int, int]:
    """(case, first, second): one WeChat account said to have two phones."""
    first = person(1)
    customers.link([[phone(1), UNION]], at=hours(1), source="test")
    second = person(2)
    customers.link([[phone(2), UNION]], at=hours(2), source="test")
    (case,) = customers.merge_cases(scope=staff.EVERYTHING)
    assert {case.first_id, case.second_id} == {first, second}
    return case.id, first, second


def audited(kind: str) -> list[str]:
    return [row.verb for row in foundation.list_audit(object_kind=kind).items]


def test_one_person_is_kept_and_the_merge_undone() -> None:
    case, first, second = a_case()
    operator = client(Role.OPERATOR)
    page = operator.get("/customers/merges/").content.decode()
    assert (
        "同一人有两个手机号?" in page and f"/customers/{first}/" in page and f"/customers/{second}/" in page
    )
    assert "可能是同一人的客户" in operator.get("/").content.decode()
    answer = operator.post(f"/customers/merges/{case}/", {"kept": str(second)})
    assert (answer.status_code, answer["Location"]) == (302, f"/customers/{second}/")
    assert customers.current_ids([first]) == {first: second}
    assert "没有待处理的合并" in operator.get("/customers/merges/").content.decode()
    decided = operator.get("/customers/merges/?state=merged").content.decode()
    assert f'已并入<a href="/customers/{second}/">客户 {second}</a>' in decided
    assert operator.post(f"/customers/merges/{case}/", {"kept": str(first)}).status_code == 404  # decided

    (merge,) = customers.get_customer(second, scope=staff.EVERYTHING).merges
    undo = f"/customers/{second}/merges/{merge.id}/undo/"
    assert undo in operator.get(f"/customers/{second}/").content.decode()
    assert operator.post(undo).status_code == 302
    assert customers.current_ids([first, second]) == {first: first, second: second}
    assert audited("customer") == ["customer.unmerged", "customer.merged"]
    assert operator.post(f"/customers/{first}/merges/{merge.id + 99}/undo/").status_code == 404


def test_two_people_stay_two() -> None:
    case, first, second = a_case()
    assert client(Role.OPERATOR).post(f"/customers/merges/{case}/", {"kept": ""}).status_code == 302
    assert customers.current_ids([first, second]) == {first: first, second: second}
    assert customers.merge_cases(scope=staff.EVERYTHING) == []
    assert audited("merge_case") == ["case.dismissed"]


def test_a_case_with_one_side_out_of_scope_is_not_decided() -> None:
    _units, people = directory()
    case, first, second = a_case()
    customers.assign([second], people["li"], at=hours(3), reason="test")
    narrow = client(Role.OPERATOR, f"employee:{people['li']}")
    customers.update_profiles([customers.ProfileSpec(first, name="王小雨")], at=hours(3), source="test")
    assert "王小雨" not in narrow.get("/customers/merges/").content.decode()
    assert narrow.post(f"/customers/merges/{case}/", {"kept": str(second)}).status_code == 404
    assert (
        client(Role.STORE_MANAGER).post(f"/customers/merges/{case}/", {"kept": str(second)}).status_code
        == 403
    )
    assert customers.current_ids([first, second]) == {first: first, second: second}
    assert len(customers.merge_cases(scope=staff.EVERYTHING)) == 1


def test_personal_data_is_handed_out_and_erased_by_compliance_alone() -> None:
    who, other = person(1), person(2)
    customers.update_profiles([customers.ProfileSpec(who, name="王小雨")], at=AT, source="test")
    operator, keeper = client(Role.OPERATOR), client(Role.COMPLIANCE)
    for path in (f"/customers/{who}/personal/", f"/customers/{who}/erase/"):
        assert operator.post(path, {"number": str(who)}).status_code == 403
    assert "导出全部资料" not in operator.get(f"/customers/{who}/").content.decode()

    answer = keeper.post(f"/customers/{who}/personal/")
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    told = json.loads(answer.content)
    assert "王小雨" in answer.content.decode() and len(told) >= 2
    assert keeper.get(f"/customers/{who}/personal/").status_code == 405  # nothing is handed out by a link

    assert "删除后无法恢复" in keeper.get(f"/customers/{who}/erase/").content.decode()
    for wrong in ("", str(other), "王小雨"):
        refused = keeper.post(f"/customers/{who}/erase/", {"number": wrong})
        assert refused.status_code == 422 and f"请输入客户编号 {who}" in refused.content.decode()
    assert customers.get_customer(who, scope=staff.EVERYTHING).name == "王小雨"
    assert keeper.post(f"/customers/{who}/erase/", {"number": str(who)}).status_code == 302
    gone = customers.get_customer(who, scope=staff.EVERYTHING)
    assert (gone.erased, gone.name, gone.identities) == (True, "", ())
    assert "这位客户的资料已删除" in keeper.get(f"/customers/{who}/").content.decode()
    assert not customers.get_customer(other, scope=staff.EVERYTHING).erased
    assert audited("customer") == ["customer.erased", "customer.exported"]


def test_shares_of_the_whole_brand_are_for_those_who_see_all_of_it() -> None:
    units, _people = directory()
    for number, store in enumerate(("S21", "S31", "S31")):
        line = commerce.LineSpec(1, "R", "戒指", 1, 100)
        commerce.record_orders(
            [commerce.OrderSpec("天猫", f"T{number}", AT, (line,), AT, unit_id=units[store])], at=AT
        )
    manager = client(Role.STORE_MANAGER, f"unit:{units['S21']}")
    page = manager.get("/orders/unmatched/").content.decode()
    assert ("T0" in page, "T1" in page) == (True, False)
    assert "siyu-metric" not in page
    assert "siyu-metric" in client(Role.OPERATOR).get("/orders/unmatched/").content.decode()


def test_a_manager_who_changes_a_shared_code_takes_nobody_of_another_store_off_it() -> None:
    units, people = directory()
    code = acquisition.create_code(
        "展会", [people["li"], people["wang"], people["chen"]], at=AT, by=foundation.SYSTEM
    )
    manager = client(Role.STORE_MANAGER, f"unit:{units['S21']}")
    page = manager.get(f"/codes/{code.id}/edit/").content.decode()
    assert ("李娜" in page, "陈晨" in page) == (True, False)
    form = {"name": "展会二", "employee_ids": [str(people["li"])], "tags": ""}
    assert manager.post(f"/codes/{code.id}/edit/", form).status_code == 302
    now = acquisition.get_code(code.id, scope=staff.EVERYTHING)
    assert (now.name, set(now.employee_ids)) == ("展会二", {people["li"], people["chen"]})


def test_nothing_is_added_to_whoever_was_erased() -> None:
    directory()
    who, owner = person(1), client(Role.OWNER)
    page = f"/customers/{who}/"
    assert "更换专属导购" in owner.get(page).content.decode()
    customers.erase_customer(who, scope=staff.EVERYTHING, at=AT, by=foundation.SYSTEM)
    shown = owner.get(page).content.decode()
    assert "更换专属导购" not in shown and 'name="tag"' not in shown
    before = audited("customer"), audited("customers")
    (clerk, *_others) = staff.employees(AT)
    refused = [
        owner.post(f"{page}assign/", {"employee": clerk.id, "reason": "13800000001"}),
        owner.post(f"{page}tag/", {"tag": "13800000001"}),
        owner.get(f"{page}steward/"),
    ]
    assert [answer.status_code for answer in refused] == [409, 409, 409]
    assert "该客户的资料已删除" in refused[0].content.decode()
    assert customers.assign([who], clerk.id, at=hours(1), reason="by rule") == 0
    left = customers.get_customer(who, scope=staff.EVERYTHING)
    assert (left.assignments, left.tags) == ((), ())
    assert (audited("customer"), audited("customers")) == before
