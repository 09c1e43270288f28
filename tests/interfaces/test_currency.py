"""Money on every page is in the brand's currency: exact amounts of two brands, and no foreign sign anywhere."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from siyu.foundation import api as foundation
from siyu.interfaces.ui import api as ui
from siyu.interfaces.ui.member_links import member_link
from siyu.kit import clock
from tests.browser import brand
from tests.interfaces.test_console_routes import ABSENT, address, params

OTHERS = {"CNY": r"\$\s?\d|€", "USD": "[¥￥元]|CNY", "JPY": r"(?<!JP)¥|￥|元|\$\s?\d"}
PAID = {"CNY": "¥1,280.00", "USD": "$1,280.00", "JPY": "JP¥128,000"}
PAGES = "siyu.interfaces.console"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("currency", ["CNY", "USD", "JPY"])
def test_every_page_speaks_the_brands_currency(currency: str) -> None:
    at = clock.business_now()
    foundation.set_setting("brand.currency", currency, at=at, by=foundation.SYSTEM)
    made = asdict(brand.make(at))
    owner, clerk = _signed_in("owner"), _signed_in("clerk")
    seen: dict[str, str] = {}
    phone = [(f"/w/{page}", clerk) for page in ("", "me/", "people/", f"people/{made['far_customer']}/")]
    for path, client in [*((path, owner) for path in _paths(made)), *phone]:
        answer = client.get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[attr-defined]
        if answer.status_code == 200:
            seen[path] = body.decode(errors="replace")
    person = made["customers"][0]
    for link in (f"/customers/{person}/?tab=orders", member_link(person)):
        seen[link] = owner.get(link).content.decode()
    assert len(seen) > 40
    foreign = {
        path: found[0] for path, text in seen.items() if (found := re.search(OTHERS[currency], _said(text)))
    }
    assert foreign == {}
    assert PAID[currency] in seen[f"/customers/{person}/?tab=orders"]
    assert PAID[currency] in seen[f"/orders/{made['unmatched_id']}/owner/"]
    assert PAID[currency] in seen["/orders/unmatched/"]
    portal = seen[link]
    rate = {"CNY": "¥1.00", "USD": "$1.00", "JPY": "JP¥100"}[currency]
    assert f"每消费 {rate}" in portal
    plain = {"CNY": "6959.00", "USD": "6959.00", "JPY": "695900"}[currency]
    assert f",3,{plain}," in seen["/customers/export/"]


def _paths(made: dict[str, Any]) -> list[str]:
    """Addresses of all pages that can be read without changing anything."""
    routes = [route for route in ui.routes() if route.callback.__module__.startswith(PAGES)]
    return [
        address(route, made)
        for route in routes
        if not params(route) & ABSENT and "sign-out" not in route.pattern and "demo" not in route.pattern
    ]


def _said(text: str) -> str:
    """What a page says, without the choice of currencies and the notes for developers."""
    return re.sub(r"<script.*?</script>|<!--.*?-->", "", text, flags=re.S)


def _signed_in(username: str) -> Client:
    client = Client()
    user = foundation.account_for_username(username)
    assert user is not None
    client.force_login(user)
    return client


@pytest.mark.django_db(transaction=True)
def test_the_currency_costs_one_query_however_many_amounts_a_page_shows() -> None:
    made = brand.make(clock.business_now())
    client = _signed_in("owner")
    with CaptureQueriesContext(connection) as asked:
        assert client.get(f"/customers/{made.customers[0]}/?tab=orders").status_code == 200
    assert sum("brand.currency" in str(one["sql"]) for one in asked) == 1
