"""Nonsense at every door: a clear refusal, never a fault of ours, and after a refusal every row is as before."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from siyu.foundation import api as foundation
from siyu.interfaces.ui import api as ui
from siyu.interfaces.ui.member_links import member_link
from siyu.kit import clock
from tests.browser import brand
from tests.interfaces.test_console_routes import ABSENT, OBJECT, address

BESIDE = {"sign-in", "sign-out", "demo", "demo-sign-in", "language"}
ROOMS = ("siyu.interfaces.console", "siyu.interfaces.workbench", "siyu.interfaces.portal")
IN_ADDRESS = (
    "", "-1", "9223372036854775808", "9" * 5_000, "²", "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00_1",
    "9999-12-31T23:59:59-12:00_1", "a\0b", "\u202e\u200b<script>alert(1)</script>%(n)s", "😀" * 300,
)  # fmt: skip
IN_FORM = (
    "", "-1", "9223372036854775808", "9" * 40, "²", "1e999", "9999-12-31", "a\0b", "\u202e\u200b<script>%(n)s", "😀" * 2_500,
    '[{"label": "\\u0000", "when": [{"kind": "happened", "fact": "order.paid"}], "next": "tag_buyer"}]',
    '[{"label": "\\ud800", "when": [{"kind": "happened", "fact": "order.paid"}], "next": "tag_buyer"}]',
    '[{"label": 1e999, "when": [{"kind": "happened", "fact": "order.paid"}], "next": "tag_buyer"}]',
    '[{"when": [{"kind": "happened", "fact": "order.paid"}], "next": [1]}]', '[{"when": [{"kind": "fits", "tree": []}]}]', "[" * 3_000,
)  # fmt: skip
ASKED = (
    "page", "q", "sort", "stage", "unit", "employee", "tag", "friend", "bought_within", "bought_over", "col", "first", "last",
    "state", "kind", "channel", "purpose", "day", "before", "tab", "step", "version", "source", "show", "type", "after",
    "archived", "preset", "shift_days", "preset_before", "next",
)  # fmt: skip
HUGE = ("0", str(2**63), "9" * 40)
_TABLES = """SELECT string_agg(format('SELECT %%L AS t, count(*), sum(hashtextextended(x::text, 0)) FROM %%I x', c.relname, c.relname), ' UNION ALL ')
FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND c.relname <> 'django_session'"""


def fingerprint() -> dict[str, tuple[int, Any]]:
    """Count and sum of all rows of each table."""
    [(sql,)] = foundation.fetch(_TABLES)
    return {name: (count, total) for name, count, total in foundation.fetch(sql)}


def forms(made: brand.SmallBrand) -> dict[str, dict[str, Any]]:
    """Address → a form that is taken as it stands."""
    person, place = made.customers[0], f"/journeys/{made.journey_id}/steps"
    lina = str(made.employees["lina"])
    rows = {
        "groups": "1",
        "mode": "all",
        "g0-mode": "all",
        "g0-rows": "5",
        "g0r0-what": "trait:orders",
        "g0r0-op": "at_least",
        "g0r0-value": "2",
        "g0r1-what": "fact:order.paid",
        "g0r1-op": "is",
        "g0r1-least": "1",
        "g0r1-days": "30",
        "g0r2-what": "trait:net_total",
        "g0r2-op": "at_least",
        "g0r2-value": "12.50",
        "g0r3-what": "trait:created_at",
        "g0r3-op": "within_days",
        "g0r3-value": "90",
        "g0r4-what": "segment",
        "g0r4-op": "is",
        "g0r4-value": str(made.segment_id),
    }
    cases = [{"label": "x", "when": [{"kind": "happened", "fact": "order.paid"}], "next": "tag_buyer"}]
    edited = {**rows, "g0-rows": "4"}  # a segment cannot ask for itself
    return {
        "/segments/new/": {"name": "新分群", "description": "说明", **rows},
        "/segments/form/": rows,
        f"/segments/{made.segment_id}/edit/": {"name": "改名", "description": "", **edited},
        "/codes/new/": {"name": "新活码", "employee_ids": lina, "tags": "门店, 新客", "skip_verify": "on"},
        "/journeys/new/": {"name": "新旅程", "fact": "order.paid", "days": "30", "exit": "contact.ended"},
        f"{place}/new/": {"type": "wait", "after": "welcome", "label": "等", "p-days": "1", "p-at": "10:00"},
        f"{place}/new/?": {"type": "tag", "after": "welcome", "label": "标", "p-tag": "新"},
        f"{place}/new/?a": {"type": "wait_for", "after": "welcome", "label": "等", "p-fact": "order.paid", "p-days": "1"},
        f"{place}/bought/": {"type": "branch", "label": "买了吗", "cases": json.dumps(cases), "otherwise": "invite"},
        "/settings/accounts/new/": {
            "username": "new", "display_name": "新人", "role": "clerk", "scope": "all", "password": "glass-river-43",
        },
        "/settings/api-keys/": {"name": "收银", "role": "analyst", "scope": "all"},
        "/settings/connections/wecom/new/": {
            "name": "企业微信", "corpid": "ww1", "base_url": "http://127.0.0.1:9", "agentid": "1000002", "secret": "s",
            "token": "t", "aes_key": "a" * 43,
        },
        "/settings/preferences/brand.name/": {"value": "新名", "from": "2999-01-01"},
        f"/customers/{person}/tag/": {"tag": "新"},
        f"/customers/{person}/assign/": {"employee": lina, "reason": "换人"},
        "/customers/tag/": {"id": [str(person)], "tag": "新", "query": "q=1"},
        f"/orders/{made.unmatched_id}/claim/": {"customer": str(person)},
        f"/customers/{person}/erase/": {"number": str(person)},
        f"/w/people/{person}/tag/": {"tag": "新"},
        "/language/": {"language": "en", "next": "/"},
    }  # fmt: skip


class Enemy:
    """Sends nonsense as the owner; each request is taken back, and a refusal must have changed nothing."""

    def __init__(self) -> None:
        self.client = Client(raise_request_exception=False)
        user = foundation.account_for_username("owner")
        assert user is not None
        self.client.force_login(user)
        self.before = fingerprint()
        self.sent = 0
        self.faults: list[str] = []

    def send(self, method: str, path: str, data: dict[str, Any], told: str = "") -> int:
        """The status; what went wrong is noted."""
        self.sent += 1
        with transaction.atomic():
            answer = getattr(self.client, method)(path, data)
            where = f"{method} {path} {told}: {answer.status_code}"
            if answer.status_code >= 500:
                self.faults.append(f"{where} {getattr(answer, 'exc_info', ('', ''))[1]!r}")
            elif method == "post" and answer.status_code in (404, 409, 422) and fingerprint() != self.before:
                self.faults.append(f"{where} changed something")
            transaction.set_rollback(True)
        return int(answer.status_code)


@pytest.fixture
def made(transactional_db: None) -> brand.SmallBrand:
    """The small brand, in the database of this test alone."""
    return brand.make(clock.business_now())


@pytest.mark.slow
def test_nonsense_is_refused_and_changes_nothing(made: brand.SmallBrand) -> None:
    enemy = Enemy()
    pages = [
        route
        for route in ui.routes()
        if route.callback.__module__.startswith(ROOMS) and route.name not in BESIDE
    ]
    for route in pages:
        for name in OBJECT.findall(route.pattern):
            for huge in HUGE:
                path = OBJECT.sub(lambda found: huge if found[1] == name else "1", route.pattern)  # noqa: B023
                enemy.send("get", path, {})
                enemy.send("post", path, {})
        if not set(OBJECT.findall(route.pattern)) & (ABSENT | {"token", "task_id"}):
            for value in IN_ADDRESS:
                enemy.send("get", address(route, asdict(made)), dict.fromkeys(ASKED, value), repr(value)[:40])
    link = member_link(made.customers[0])
    for value in IN_ADDRESS:
        enemy.send("get", link, {"page": value}, repr(value)[:40])
        enemy.send("post", f"{link}news/", {"wanted": value}, repr(value)[:40])
    for path, form in forms(made).items():
        assert enemy.send("post", path, form) in (200, 302), path
        for name in form:
            for value in IN_FORM:
                enemy.send("post", path, {**form, name: value}, f"{name}={value[:40]!r}")
    assert enemy.faults == []
    assert enemy.sent > 2_000
