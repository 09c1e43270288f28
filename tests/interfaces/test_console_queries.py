"""Pages ask the database a bounded number of times, however many rows they show."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from siyu.foundation import api as foundation
from siyu.kit import clock
from tests.browser import brand

BOUNDS = {
    "/": 75,
    "/metrics/sales/": 25,
    "/customers/": 20,
    "/customers/{person}/": 40,
    "/customers/{person}/?tab=orders": 40,
    "/segments/": 15,
    "/segments/{segment}/": 20,
    "/journeys/": 15,
    "/journeys/{journey}/": 30,
    "/deliveries/": 15,
    "/tasks/": 20,
    "/codes/": 15,
    "/orders/unmatched/": 15,
    "/settings/organisation/": 12,
    "/settings/accounts/": 14,
}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_queries_per_page_are_bounded() -> None:
    made = brand.make(clock.business_now())
    client = Client()
    user = foundation.account_for_username("owner")
    assert user is not None
    client.force_login(user)
    client.get("/")  # what is made once a process is not counted
    told = {}
    for pattern, bound in BOUNDS.items():
        path = pattern.format(person=made.customers[0], segment=made.segment_id, journey=made.journey_id)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(path).status_code == 200, path
        if len(asked) > bound:
            told[path] = len(asked)
    assert told == {}
