"""Reading and tagging through the API: every route × key; out of scope is 404, lists hold only the key's own."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.insights.segments import api as segments
from siyu.interfaces.api.routes import api
from siyu.kit import clock
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff
from tests.insights.conftest import Brand, rule, trait


@dataclass
class World:
    """Two stores, a customer in each; Ann bought twice and gave a part back."""

    ann: int
    bob: int
    segment: int
    near: int
    far: int


@pytest.fixture
def world(db: None) -> World:
    brand = Brand(at=clock.business_now().replace(microsecond=0))
    clerks = brand.staff("near", "far")
    people = {}
    for name, clerk in (("Ann", "near"), ("Bob", "far")):
        who = people[name] = brand.person(name)
        brand.befriend(who, clerks[clerk])
        customers.assign([who], clerks[clerk], at=brand.at, reason="test")
    units = {unit.name: unit.id for unit in staff.unit_tree(brand.at)}
    brand.order(people["Ann"], 12_345, number="A-1", unit_id=units["store near"])
    brand.order(people["Ann"], 20_000, number="A-2", unit_id=units["store near"])
    brand.order(people["Bob"], 500, number="B-1", unit_id=units["store far"])
    brand.refund("A-1", 1_045)
    found = segments.create_segment(
        "买过", rule(trait("orders", "at_least", 1)), by=foundation.SYSTEM, at=brand.at
    )
    brand.drain()
    points = [subscription for name, subscription in facts.SUBSCRIPTIONS.items() if "loyalty" in name]
    told = facts.read(names=sorted(points[0].facts), limit=100)
    points[0].handle(told, facts.HandleContext(brand.at, points[0].name))
    brand.drain()
    return World(people["Ann"], people["Bob"], found.id, units["store near"], units["store far"])


def client(role: Role = Role.OWNER, scopes: tuple[str, ...] = ("all",)) -> Client:
    key = foundation.create_api_key(
        name="test", role=role, scopes=scopes, at=clock.wall_now(), by=foundation.SYSTEM
    )[1]
    return Client(headers={"Authorization": f"Bearer {key}"})


def calls(world: World) -> dict[str, tuple[str, str, Any]]:
    """Each documented operation as a call about Ann that succeeds for the owner."""
    event = {"id": "e", "name": "page.viewed", "occurred_at": clock.wall_now().isoformat()}
    batch = {"events": [{**event, "payload": {"url": "/"}}]}
    return {
        "post /api/v1/events": ("post", "/api/v1/events", batch),
        "get /api/v1/customers": ("get", "/api/v1/customers", None),
        "get /api/v1/customers/{customer_id}": ("get", f"/api/v1/customers/{world.ann}", None),
        "post /api/v1/customers/{customer_id}/tags": (
            "post",
            f"/api/v1/customers/{world.ann}/tags",
            {"add": ["VIP"]},
        ),
        "get /api/v1/customers/{customer_id}/points": ("get", f"/api/v1/customers/{world.ann}/points", None),
        "get /api/v1/customers/{customer_id}/orders": ("get", f"/api/v1/customers/{world.ann}/orders", None),
        "get /api/v1/orders": ("get", "/api/v1/orders", None),
        "get /api/v1/segments": ("get", "/api/v1/segments", None),
        "get /api/v1/segments/{segment_id}/members": (
            "get",
            f"/api/v1/segments/{world.segment}/members",
            None,
        ),
    }


def ask(who: Client, method: str, path: str, body: Any = None, **headers: str) -> Any:
    if method == "get":
        return who.get(path, headers=headers)
    return who.post(path, data=json.dumps(body), content_type="application/json", headers=headers)


def statuses(who: Client, world: World) -> dict[str, int]:
    found = {}
    for label, call in calls(world).items():
        with transaction.atomic():
            found[label] = ask(who, *call).status_code
            transaction.set_rollback(True)
    return found


def test_every_operation_is_tried(world: World) -> None:
    paths = api.get_openapi_schema()["paths"]
    documented = {f"{method} {path}" for path, methods in paths.items() for method in methods}
    assert set(calls(world)) == documented


def test_the_owners_key_may_do_everything_and_no_key_nothing(world: World) -> None:
    assert set(statuses(client(), world).values()) == {200}
    assert set(statuses(Client(), world).values()) == {401}
    assert set(statuses(Client(headers={"Authorization": "Bearer siyu_no"}), world).values()) == {401}
    assert "VIP" not in [tag.name for tag in customers.get_customer(world.ann, scope=staff.EVERYTHING).tags]


@pytest.mark.parametrize("role", [Role.CLERK, Role.ANALYST])
def test_a_role_that_may_not_is_refused(world: World, role: Role) -> None:
    for label, status in statuses(client(role), world).items():
        may = role is Role.ANALYST and label.startswith("get")
        assert status == (200 if may else 403), label


def test_a_key_of_another_store_sees_its_own_only(world: World) -> None:
    far = client(Role.OPERATOR, (f"unit:{world.far}",))
    found = statuses(far, world)
    for label, status in found.items():
        assert status == (404 if "customer_id" in label else 200), label
    for path in (
        "/api/v1/customers",
        "/api/v1/customers?search=Ann",
        f"/api/v1/segments/{world.segment}/members",
    ):
        shown = far.get(path).json()
        ids = [item.get("id", item.get("customer_id")) for item in shown["items"]]
        wanted = [] if "Ann" in path else [world.bob]
        assert (ids, shown["total"]) == (wanted, len(wanted)), path
    orders = far.get("/api/v1/orders").json()
    assert ([order["order_no"] for order in orders["items"]], orders["total"]) == (["B-1"], 1)
    assert far.get("/api/v1/orders?order_no=A-1").json()["items"] == []
    assert [segment["members"] for segment in far.get("/api/v1/segments").json()] == [1]
    assert client().get("/api/v1/customers").json()["total"] == 2


def test_a_key_with_an_unknown_scope_sees_nothing(world: World) -> None:
    nobody = client(Role.OPERATOR, ("unit:999999",))
    assert nobody.get("/api/v1/customers").json()["total"] == 0
    assert nobody.get("/api/v1/orders").json()["total"] == 0
    assert nobody.get(f"/api/v1/customers/{world.ann}").status_code == 404


def test_points_orders_and_card_are_exact(world: World) -> None:
    owner = client()
    points = owner.get(f"/api/v1/customers/{world.ann}/points").json()
    assert points["balance"] == 113 + 200 == ledger.balance(world.ann)
    assert sum(entry["amount"] for entry in points["entries"]) == points["balance"]
    orders = owner.get(f"/api/v1/customers/{world.ann}/orders").json()
    assert {
        order["order_no"]: (order["amount"], order["refunded_amount"], order["currency"])
        for order in orders["items"]
    } == {"A-1": (12_345, 1_045, "CNY"), "A-2": (20_000, 0, "CNY")}
    assert [line["amount"] for order in orders["items"] for line in order["lines"]].count(12_345) == 1
    card = owner.get(f"/api/v1/customers/{world.ann}").json()
    assert (card["spent"], card["refunded"], card["orders"], card["points"]) == (32_345, 1_045, 2, 313)
    assert card["currency"] == "CNY"
    assert "13800000001" not in json.dumps(card)
    first = owner.get("/api/v1/customers?size=1&sort=-net_total").json()
    second = owner.get("/api/v1/customers?size=1&sort=-net_total&page=2").json()
    assert [page["items"][0]["name"] for page in (first, second)] == ["Ann", "Bob"]
    assert owner.get("/api/v1/customers?sort=secret").status_code == 422


def test_tags_are_idempotent(world: World) -> None:
    owner, path = client(), f"/api/v1/customers/{world.ann}/tags"
    first = ask(owner, "post", path, {"add": ["VIP", "银婚"]}, **{"Idempotency-Key": "k"})
    assert first.json()["tags"] == ["VIP", "银婚"]
    again = ask(owner, "post", path, {"add": ["VIP", "银婚"]}, **{"Idempotency-Key": "k"})
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (first.json(), "true")
    ask(owner, "post", path, {"add": ["VIP"]})
    assert len(facts.read(names=["customer.tagged"], limit=10)) == 2
    assert ask(owner, "post", path, {"remove": ["VIP"]}).json()["tags"] == ["银婚"]
    for bad in ({"add": ["a" * 61]}, {"add": [""]}, {"add": ["a\x00"]}, {"plus": []}, {"add": ["x"] * 21}):
        assert ask(owner, "post", path, bad).status_code == 422, bad
    assert owner.get(f"/api/v1/customers/{world.ann}").json()["tags"] == ["银婚"]


def test_a_kept_answer_is_forgotten_with_the_customer(world: World) -> None:
    owner = client()
    keyed = {"Idempotency-Key": "k"}
    first = ask(owner, "post", f"/api/v1/customers/{world.ann}/tags", {"add": ["VIP"]}, **keyed)
    assert first.json()["name"] == "Ann"
    ask(owner, "post", f"/api/v1/customers/{world.bob}/tags", {"add": ["VIP"]}, **{"Idempotency-Key": "b"})
    customers.erase_customer(world.ann, scope=staff.EVERYTHING, at=clock.business_now(), by=foundation.SYSTEM)
    kept = foundation.fetch("SELECT key, body FROM interfaces_api_idempotentcall")
    assert [key for key, _body in kept] == ["b"]
    assert b"Ann" not in b"".join(bytes(body) for _key, body in kept)
    again = ask(owner, "post", f"/api/v1/customers/{world.ann}/tags", {"add": ["VIP"]}, **keyed)
    assert again.status_code == 404
