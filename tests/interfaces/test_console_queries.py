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
    "/": 32,
    "/metrics/sales/": 18,
    "/customers/": 15,
    "/customers/{person}/": 34,
    "/customers/{person}/?tab=orders": 37,
    "/customers/merges/": 12,
    "/segments/": 11,
    "/segments/{segment}/": 16,
    "/journeys/": 12,
    "/journeys/{journey}/": 22,
    "/deliveries/": 12,
    "/tasks/": 15,
    "/codes/": 12,
    "/orders/unmatched/": 12,
    "/settings/organisation/": 10,
    "/settings/accounts/": 11,
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
