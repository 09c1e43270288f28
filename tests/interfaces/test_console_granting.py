"""Nobody hands out more than they have: accounts and keys made by an administrator."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import Client

from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from tests.interfaces.test_people_rooms import client
from tests.records.people import AT, at_once, directory

pytestmark = pytest.mark.django_db
NEW = {"username": "mallory", "display_name": "M", "password": "glass-river-42"}


@pytest.mark.django_db(transaction=True)
def test_a_form_sent_twice_at_once_makes_one_account() -> None:
    make = partial(
        foundation.create_account, username="twin", display_name="T", role=Role.LEAD, scopes=["all"],
        at=AT, by=foundation.SYSTEM,
    )  # fmt: skip
    first, second = at_once(make, make)
    assert first == second
    assert [row.verb for row in foundation.list_audit(object_kind="account").items] == ["account.created"]


def owner() -> int:
    return foundation.create_account(
        username="boss", display_name="Boss", role=Role.OWNER, scopes=["all"], password="glass-river-42",
        at=AT, by=foundation.SYSTEM,
    ).id  # fmt: skip


def test_an_administrator_makes_no_owner_and_touches_none() -> None:
    boss, admin = owner(), client(Role.ADMIN)
    before = foundation.list_accounts()
    for role in ("owner", "nobody"):
        assert admin.post("/settings/accounts/new/", {**NEW, "role": role, "scope": "all"}).status_code == 422
        assert (
            admin.post("/settings/api-keys/", {"name": "k", "role": role, "scope": "all"}).status_code == 422
        )
    form = {"display_name": "Boss", "role": "clerk", "scope": "all", "password": "glass-river-43"}
    assert admin.post(f"/settings/accounts/{boss}/", form).status_code == 403
    assert admin.post(f"/settings/accounts/{boss}/switch/", {"act": "stop"}).status_code == 403
    assert (foundation.list_accounts(), foundation.list_api_keys()) == (before, [])
    assert Client().post("/sign-in/", {"username": "boss", "password": "glass-river-42"}).status_code == 302
    assert admin.post("/settings/accounts/new/", {**NEW, "role": "lead", "scope": "all"}).status_code == 302


def test_an_administrator_of_one_region_gives_no_more_than_that_region() -> None:
    units, people = directory()
    admin = client(Role.ADMIN, f"unit:{units['华东']}")
    everywhere = client(Role.OPERATOR)
    assert everywhere.get("/customers/").status_code == 200
    for scope in ("all", f"unit:{units['华南']}", f"employee:{people['chen']}"):
        assert (
            admin.post("/settings/accounts/new/", {**NEW, "role": "lead", "scope": scope}).status_code == 422
        )
        assert (
            admin.post("/settings/api-keys/", {"name": "k", "role": "lead", "scope": scope}).status_code
            == 422
        )
    other = next(one for one in foundation.list_accounts() if one.role == Role.OPERATOR)
    form = {
        "display_name": "x",
        "role": "operator",
        "scope": f"unit:{units['华东']}",
        "password": "glass-river-43",
    }
    assert admin.post(f"/settings/accounts/{other.id}/", form).status_code == 403
    form = {**NEW, "role": "lead", "scope": f"unit:{units['S21']}"}
    assert admin.post("/settings/accounts/new/", form).status_code == 302
