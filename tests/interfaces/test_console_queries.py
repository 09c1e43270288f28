"""Every page asks the database a bounded number of times, however much the brand holds."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import timedelta
from functools import cache
from typing import cast

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from siyu.actions.messaging import api as messaging
from siyu.actions.work import api as work
from siyu.decisions.acquisition import api as acquisition
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from siyu.interfaces.ui import api as ui
from siyu.kit import clock
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.browser import brand
from tests.interfaces.test_console_routes import ABSENT, address, params

MOST = 40
ROOMS = ("siyu.interfaces.console", "siyu.interfaces.workbench")
BESIDE = {"sign-in", "sign-out", "demo", "language"}
SEGMENT = {"version": 1, "root": {"all": [{"fact": {"name": "order.paid", "at_least": 1, "days": 60}}]}}


JOURNEY = {
    "entry": {"fact": "order.paid"},
    "steps": [{"id": "mark", "type": "tag", "params": {"tag": "买过"}}, {"id": "end", "type": "end"}],
}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_page_asks_more_of_a_larger_brand() -> None:
    _client.cache_clear()
    made = brand.make(clock.business_now())
    pages = _pages(made)
    assert len(pages) > 50
    before = {page: _asked(page) for page in pages}
    assert {page: number for page, number in before.items() if number > MOST} == {}
    _grow(made)
    after = {page: _asked(page) for page in pages}
    more = {page: (before[page], after[page]) for page in pages if after[page] > before[page]}
    assert more == {}


def _pages(made: brand.SmallBrand) -> list[tuple[str, str]]:
    """(who, address) of all that answers a GET with a page, with the tabs of a customer and filters of lists."""
    person = made.customers[0]
    found = [
        ("manager" if route.pattern.startswith("/w/") else "owner", address(route, asdict(made)))
        for route in ui.routes()
        if route.callback.__module__.startswith(ROOMS)
        and route.name not in BESIDE
        and not params(route) & (ABSENT | {"task_id"})
    ]
    tabs = ("orders", "points", "deliveries", "tasks", "timeline")
    found += [("owner", f"/customers/{person}/?tab={tab}") for tab in tabs]
    found += [
        ("owner", "/customers/?q=%E7%8E%8B&sort=-net_total"),
        ("manager", "/customers/"),
        ("manager", "/"),
    ]
    return [page for page in found if _get(page).status_code == 200]


@cache
def _client(username: str) -> Client:
    client = Client()
    user = foundation.account_for_username(username)
    assert user is not None
    client.force_login(user)
    return client


def _get(page: tuple[str, str]) -> HttpResponse:
    return cast(HttpResponse, _client(page[0]).get(page[1]))


def _asked(page: tuple[str, str]) -> int:
    with CaptureQueriesContext(connection) as asked:
        assert _get(page).status_code == 200, page
    return len(asked)


def _grow(made: brand.SmallBrand) -> None:
    """Of everything some more: people, orders, tags, tasks, messages, segments, codes, journeys, staff, accounts."""
    at = made.at
    team = [replace(brand.PEOPLE[1], userid=f"new{number}", name=f"新人{number}") for number in range(8)]
    staff.sync_directory(brand.UNITS, (*brand.PEOPLE, *team), source="test", at=at)
    refs = [customers.IdentityRef("phone", f"1377654{number:04d}") for number in range(40)]
    people = customers.identify(refs, at=at - timedelta(days=9), source="test")
    ids = [one.customer_id for one in people if one.customer_id is not None]
    lina = made.employees["lina"]
    for number, one in enumerate(people):
        contact = customers.ContactSpec(
            one.subject_id, lina, brand.COMPANY, at - timedelta(days=8), welcome_ref=f"m{number}"
        )
        customers.add_contact([contact], at=at - timedelta(days=8), source="test")
    customers.assign(ids, lina, at=at - timedelta(days=8), reason="首次添加")
    for word in ("新客", "手链", "项链", "戒指"):
        customers.tag([*ids, *made.customers], word, at=at, source="test")
    subjects = customers.anchors_of([*ids, made.customers[0]])
    commerce.record_orders(
        [
            commerce.OrderSpec(
                source=("门店POS", "天猫", "京东")[number % 3], order_no=f"M{number}", paid_at=at - timedelta(days=3), reported_at=at,
                lines=(commerce.LineSpec(1, f"S-{number}", f"新款{number}", 1, 9_900),),
                subject_id=None if number % 5 == 0 else subjects[[*ids, made.customers[0]][number % 41]], unit_id=made.units["S21"], employee_id=lina,
            )
            for number in range(160)
        ],
        at=at,
    )  # fmt: skip
    facts.drain(at=at)
    work.create_tasks(
        [
            work.TaskSpec(key=f"more:{one}", employee_id=lina, customer_id=one, kind="follow_up", title="回访", reason="到店", due_at=at)
            for one in [*ids, made.customers[0]]
        ],
        at=at,
    )  # fmt: skip
    messaging.queue(
        [
            messaging.DeliverySpec(
                key=f"more:{one}", customer_id=one, channel="wecom.mass", kind="promotional", content=messaging.Content("新款到店"),
                due_at=at + timedelta(hours=1), purpose_key="more", employee_id=lina,
            )
            for one in [*ids, made.customers[0]]
        ],
        at=at,
    )  # fmt: skip
    for number in range(6):
        segments.create_segment(f"更多{number}", SEGMENT, by=foundation.SYSTEM, at=at)
        acquisition.create_code(
            f"活码{number}", [lina], at=at, by=foundation.SYSTEM, tags=["新客"], unit_id=made.units["S21"]
        )
        journeys.publish(journeys.create_journey(f"旅程{number}", JOURNEY, at=at), at=at)
        foundation.create_account(
            username=f"more{number}",
            display_name=f"同事{number}",
            role=foundation.Role.OPERATOR,
            scopes=["all"],
            at=at,
            by=foundation.SYSTEM,
        )
        foundation.create_api_key(
            name=f"钥匙{number}", role=foundation.Role.OPERATOR, scopes=["all"], at=at, by=foundation.SYSTEM
        )
    facts.drain(at=at)
