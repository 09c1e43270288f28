"""The list of customers taken home: complete, in the order of the list, and honest where it is not complete."""

from __future__ import annotations

import csv
import io
from urllib.parse import unquote

import pytest
from django.test import Client

from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.insights.cards import api as cards
from siyu.kit import clock
from siyu.kit.spreadsheets import escape_formula
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.records.people import phone

pytestmark = pytest.mark.django_db
VIEWS = "siyu.interfaces.console.views.customers"


@pytest.fixture
def people(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seven customers, every other one tagged, and files of three rows a portion."""
    monkeypatch.setattr(f"{VIEWS}.PORTION", 3)
    at = clock.business_now()
    found = customers.identify([phone(n) for n in range(7)], at=at, source="test")
    ids = [one.customer_id for one in found if one.customer_id is not None]
    customers.tag(ids[::2], "常客", at=at, source="test")
    cards.rebuild(at=at)
    return ids


@pytest.fixture
def owner() -> Client:
    """The owner, signed in."""
    at = clock.business_now()
    foundation.create_account(
        username="owner", display_name="o", role=Role.OWNER, scopes=["all"], at=at, by=foundation.SYSTEM
    )
    user = foundation.account_for_username("owner")
    assert user is not None
    client = Client()
    client.force_login(user)
    return client


def taken(client: Client, query: str = "") -> tuple[str, list[list[str]]]:
    """The file's name and its rows without the heading."""
    answer = client.get(f"/customers/export/{query}")
    assert answer.streaming, answer.content.decode()
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined]
    return unquote(answer["Content-Disposition"]), list(csv.reader(io.StringIO(text)))[1:]


def listed(sort: str = "-created_at") -> list[str]:
    page = cards.list_cards(staff.EVERYTHING, (), sort, at=clock.business_now())
    return [str(card.customer_id) for card in page.items]


def test_a_file_holds_every_customer_once_in_the_order_of_the_list(
    people: list[int], owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("siyu.insights.cards.listing.DEPTH", 4)  # the list ends; the file must not
    monkeypatch.setattr(f"{VIEWS}.MOST_EXPORTED", 7)
    for sort in ("-created_at", "created_at", "-net_total"):
        name, rows = taken(owner, f"?sort={sort}")
        assert [row[0] for row in rows] == listed(sort)
        assert len(rows) == len(people) == 7
        assert "仅前" not in name
    _name, rows = taken(owner, "?tag=常客&sort=created_at")
    assert [row[0] for row in rows] == [n for n in listed("created_at") if int(n) in people[::2]]


def test_where_more_fit_than_a_file_holds_it_is_said_before_and_inside(
    people: list[int], owner: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"{VIEWS}.MOST_EXPORTED", 5)
    page = owner.get("/customers/export/?sort=created_at")
    assert not page.streaming
    assert "超过 5 位" in page.content.decode()
    assert "/customers/export/?sort=created_at&amp;first=1" in page.content.decode()
    assert foundation.list_audit(object_kind="customers").total == 0
    name, rows = taken(owner, "?sort=created_at&first=1")
    assert "仅前5位" in name
    assert [row[0] for row in rows[:-1]] == listed("created_at")[:5]
    assert len(rows) == 6 and rows[-1][0].startswith("文件不完整:仅含列表前 5 位客户")
    (told,) = foundation.list_audit(object_kind="customers").items
    assert (told.detail["customers"], told.detail["cut"]) == (5, True)
    assert len(taken(owner, "?tag=常客&first=1")[1]) == 4


def test_who_is_erased_while_the_file_is_written_is_left_out(people: list[int], owner: Client) -> None:
    answer = owner.get("/customers/export/?sort=created_at")
    lines = iter(answer.streaming_content)  # type: ignore[attr-defined]
    head = [next(lines) for _number in range(3)]
    gone = int(listed("created_at")[-1])
    at = clock.business_now()
    customers.erase_customer(gone, scope=staff.EVERYTHING, at=at, by=foundation.SYSTEM)
    cards.refresh([gone], at=at)
    text = b"".join([*head, *lines]).decode()
    assert [row[0] for row in csv.reader(io.StringIO(text))][1:] == [str(n) for n in people if n != gone]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_name_is_run_as_a_formula_full_width_or_not(people: list[int], owner: Client, sign: str) -> None:
    at = clock.business_now()
    name = f'{sign}HYPERLINK("https://evil.example")'
    customers.update_profiles([customers.ProfileSpec(people[0], name=name)], at=at, source="test")
    cards.refresh(people, at=at)
    names = [row[1] for row in taken(owner)[1]]
    assert f"'{name}" in names and name not in names
    assert escape_formula(name) == f"'{name}"
