"""Nobody hands out more than they have: accounts and keys made by an administrator."""

from __future__ import annotations

import pytest
from django.test import Client

from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from tests.interfaces.test_people_rooms import client
from tests.records.people import AT, directory

pytestmark = pytest.mark.django_db
NEW = {"username": "mallory", "display_name": "M", "password": "glass-river-42"}


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
