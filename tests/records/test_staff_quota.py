"""Quota counters never exceed their limit, however many take at once."""

from __future__ import annotations

import pytest

from siyu.kit.errors import BadInput
from siyu.records.staff import api as staff
from tests.records.people import AT, all_rows, at_once, directory


def account() -> int:
    directory()
    return staff.ensure_service_accounts([("li", "li")], connection="corp", source="corp", at=AT)[0]


def take(account_id: int, amount: int, limit: int) -> staff.QuotaRequest:
    return staff.QuotaRequest(account_id, "add_friend", "2026-03-01", amount, limit)


@pytest.mark.django_db
def test_what_is_left_is_granted_in_order() -> None:
    one = account()
    assert staff.ensure_service_accounts([("li", "li")], connection="corp", source="corp", at=AT) == [one]
    assert staff.take_quota([take(one, 3, 10), take(one, 4, 10), take(one, 5, 10)], at=AT) == [3, 4, 3]
    assert staff.take_quota([take(one, 1, 10)], at=AT) == [0]
    assert staff.quota_used([one, 99], "add_friend", "2026-03-01") == {one: 10, 99: 0}
    assert staff.take_quota([take(one, 5, 12)], at=AT) == [2]
    assert staff.take_quota([], at=AT) == []


@pytest.mark.django_db
def test_refusals_change_nothing() -> None:
    one = account()
    before = all_rows()
    with pytest.raises(BadInput):
        staff.take_quota([take(one, -1, 10)], at=AT)
    with pytest.raises(BadInput):
        staff.ensure_service_accounts([("nobody", "n")], connection="corp", source="corp", at=AT)
    assert all_rows() == before


@pytest.mark.django_db(transaction=True)
def test_eight_takers_get_ten_together() -> None:
    one = account()
    results = at_once(*[lambda: staff.take_quota([take(one, 3, 10)], at=AT)[0] for _ in range(8)])
    assert sum(int(str(result)) for result in results) == 10
    assert staff.quota_used([one], "add_friend", "2026-03-01") == {one: 10}
