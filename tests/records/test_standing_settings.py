"""Currency and time zone: fixed by the first order or fact, also by one under way in the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.commerce import api as commerce
from siyu.records.staff import api as staff
from tests.interfaces.test_people_rooms import client
from tests.records.orders import order, outcomes
from tests.records.people import AT, person

pytestmark = pytest.mark.django_db(transaction=True)


def record(*specs: commerce.OrderSpec) -> list[str]:
    with foundation.transaction():
        return outcomes(commerce.record_orders(specs, at=AT, origin=None))


def change(key: str, value: str) -> None:
    with foundation.transaction():
        foundation.set_setting(key, value, at=AT, by=foundation.SYSTEM)


def side_by_side(first: Callable[[], object], second: Callable[[], object]) -> list[object]:
    """``second`` begins when ``first`` is done but not committed; returns what ``second`` answered or raised."""
    wrote, answers = threading.Event(), list[object]()

    def later() -> None:
        wrote.wait(10)
        try:
            answers.append(second())
        except BadInput as error:
            answers.append(error.code)
        connection.close()

    thread = threading.Thread(target=later)
    thread.start()
    with foundation.transaction():
        first()
        wrote.set()
        thread.join(0.4)
        assert thread.is_alive()  # it waits
    thread.join(10)
    return answers


def test_a_first_order_under_way_fixes_the_currency() -> None:
    person(1)
    answers = side_by_side(lambda: record(order("A1", 100, 0)), lambda: change("brand.currency", "USD"))
    assert answers == ["setting.currency_in_use"]
    assert foundation.brand_currency() == "CNY"


def test_an_order_waits_for_a_change_of_the_currency_under_way() -> None:
    person(1)

    def dollars() -> None:
        foundation.set_setting("brand.currency", "USD", at=AT, by=foundation.SYSTEM)

    assert side_by_side(dollars, lambda: record(order("A1", 100, 0))) == [["new"]]
    assert [one.currency for one in commerce.orders(staff.EVERYTHING).items] == ["USD"]


def test_a_first_fact_under_way_fixes_the_zone() -> None:
    assert foundation.setting_fixed("brand.timezone") == ""
    answers = side_by_side(lambda: person(1), lambda: change("brand.timezone", "Europe/Paris"))
    assert answers == ["setting.zone_in_use"]
    assert facts.log_head() > 0


def test_the_page_shows_what_is_fixed_and_why() -> None:
    admin = client(foundation.Role.ADMIN)
    assert "保存" in admin.get("/settings/preferences/brand.currency/").content.decode()
    person(1)
    record(order("A1", 100, 0))
    page = admin.get("/settings/preferences/brand.currency/").content.decode()
    assert "CNY ¥" in page and "订单" in page
    assert "保存" not in page and "<select" not in page
    answer = admin.post("/settings/preferences/brand.currency/", {"value": "USD"})
    assert answer.status_code == 422
    assert foundation.brand_currency() == "CNY"
