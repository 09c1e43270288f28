"""Names as people really call themselves: markup, nothing one can see, marks that turn text round."""

from __future__ import annotations

import pytest

from siyu.foundation.api import Role
from siyu.insights.cards import api as cards
from siyu.interfaces.ui.display import visible
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.interfaces.test_people_rooms import client
from tests.records.people import AT, person

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["\u3164", "\u200b\u200d", "\u2800 \ufe0f", "\u00ad"])
def test_whoever_shows_no_name_is_called_by_number(name: str) -> None:
    who = person(1)
    customers.update_profiles([customers.ProfileSpec(who, name=name)], at=AT, source="test")
    cards.rebuild(at=AT)
    owner = client(Role.OWNER)
    for path in ("/customers/", f"/customers/{who}/"):
        assert f"客户 {who}" in owner.get(path).content.decode(), path
    assert not visible(name) and visible("👩‍👩‍👧") and visible("_") and visible("王")


def test_a_name_turns_nothing_round_and_runs_nothing() -> None:
    who = person(1)
    name = "\u202e\u2067<script>alert(1)</script>"
    customers.update_profiles([customers.ProfileSpec(who, name=name)], at=AT, source="test")
    customers.tag([who], "\u202eVIP<b>", at=AT, source="test")
    cards.rebuild(at=AT)
    found = customers.get_customer(who, scope=staff.EVERYTHING)
    assert found.name == "<script>alert(1)</script>"
    assert [tag.name for tag in found.tags] == ["VIP<b>"]
    owner = client(Role.OWNER)
    for path in (
        "/customers/",
        f"/customers/{who}/",
        "/w/people/",
        f"/w/people/{who}/",
        f"/customers/{who}/erase/",
    ):
        page = owner.get(path).content.decode()
        assert "&lt;script&gt;" in page and "<script>alert" not in page and "VIP<b>" not in page, path
