"""Whole stories on the real components: the twin, the web pages and the worker as processes of their own."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.connectors.wecom_kit import envelope, pushed
from tests.flows.town import Town, wait_for

pytestmark = pytest.mark.slow
CALLBACK = "/wecom/callback/wecom/siyu/"


def busy() -> float:
    """How much slower than alone a process of this machine may be."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def price(town: Town, sku: str) -> int:
    goods = town.twin.get("/twin/shop/goods.json")["goods"]
    return next(int(item["price"]) for item in goods if item["sku"] == sku)


def sku(town: Town, number: int = 0) -> str:
    return str(town.twin.get("/twin/shop/goods.json")["goods"][number]["sku"])


def test_a_stranger_who_scans_at_half_past_one_is_welcomed_within_five_seconds(town: Town) -> None:
    assert town.do("jump", hour=1, minute=30)[11:16] == "17:30"  # UTC; half past one in China
    clerk = town.do("code", clerk=0)
    started = time.monotonic()
    external = town.scan(0, name="夜里的客人")["external_userid"]
    wait_for(lambda: town.welcomes(external), 15 * busy())
    spent = time.monotonic() - started
    (text,) = town.welcomes(external)
    assert clerk["employee"] in text
    found = town.portrait(external)
    assert (found["name"], found["tags"], found["steward"]) == (
        "夜里的客人",
        clerk["tags"],
        clerk["employee_id"],
    )
    assert (found["deliveries"], found["runs"]) == ([["wecom.welcome", "sent"]], ["active"])
    assert found["tasks"] == []
    # Five seconds on a machine that does nothing else; a busy one is allowed its queue.
    assert spent < 5 * busy()


def test_one_callback_delivered_three_times_and_eight_at_once_has_one_effect(town: Town) -> None:
    with town.twin.faults(lose=1.0):
        external = town.scan(1)["external_userid"]
    row = next(row for row in reversed(town.twin.ledger("callbacks")) if external in row["plaintext"])
    assert town.portrait(external) == {}

    def deliver(number: int) -> int:
        query, body = pushed(envelope(town.twin), row["plaintext"].encode(), nonce=f"n{number}")
        return httpx.post(town.url + CALLBACK, params=query, content=body, timeout=60).status_code

    with ThreadPoolExecutor(8) as crowd:
        codes = list(crowd.map(deliver, range(8)))
    codes += [deliver(number) for number in range(8, 11)]
    assert codes == [200] * 11
    found = town.portrait(external)
    assert (found["friends"], found["runs"]) == (1, ["active"])
    assert found["deliveries"] == [["wecom.welcome", "sent"]]
    assert len(town.welcomes(external)) == 1
    for name in ("contact.added:live", "channel.attributed:live", "journey.entered:live"):
        assert found["facts"].count(name) == 1
    before = town.do("counts")
    deliver(11)
    assert town.portrait(external) == found
    assert town.do("counts") == before


def test_points_are_earned_by_a_purchase_and_reversed_to_the_unit_by_refunds(town: Town) -> None:
    person = town.scan(2)
    external = person["external_userid"]
    found = town.portrait(external)
    bought = town.twin.post(
        "/twin/buy",
        person=person["person"],
        items=[{"sku": sku(town), "quantity": 2, "amount": 199_950}, {"sku": sku(town, 1), "quantity": 1}],
    )
    paid = 199_950 + price(town, sku(town, 1))
    assert bought["amount"] == paid
    assert town.portrait(external)["points"] == paid // 100
    town.twin.post(
        "/twin/refund",
        order_no=bought["order_no"],
        lines=[{"line_no": 1, "quantity": 1, "amount": 99_975}],
    )
    after = town.portrait(external)
    left = paid - 99_975
    assert after["points"] == left // 100
    assert after["orders"] == [[bought["order_no"], paid, 99_975]]
    assert after["entries"] == [left // 100 - paid // 100, paid // 100]
    shown = town.api(f"customers/{found['id']}/points")
    assert (shown["balance"], [entry["amount"] for entry in shown["entries"]]) == (
        left // 100,
        after["entries"],
    )
    card = town.api(f"customers/{found['id']}")
    assert (card["spent"], card["refunded"], card["points"]) == (paid, 99_975, left // 100)
    town.twin.post("/twin/refund", order_no=bought["order_no"])
    whole = town.portrait(external)
    assert (whole["points"], sum(whole["entries"])) == (0, 0)


def test_an_import_greets_nobody_and_pays_nobody_while_the_journey_runs(town: Town) -> None:
    person = town.scan(3)
    external = person["external_userid"]
    town.portrait(external)
    town.twin.post("/twin/buy", person=person["person"], sku=sku(town))
    unionid = town.twin.get(f"/twin/person/{person['person']}")["person"]["unionid"]
    known, before = town.portrait(external), town.do("counts")
    header = "order_no,paid_at,customer_phone,unionid,store_code,sku,product_name,quantity,amount_yuan,source"
    rows = [
        f"OLD{number},2024-05-{1 + number % 28:02d} 12:00,{f',{unionid}' if number < 5 else f'1370000{number:04d},'}"
        f",,OLD,旧款,1,{100 + number}.00,pos"
        for number in range(40)
    ]
    done = town.do("import_orders", text="\n".join([header, *rows]))
    assert done == {
        "state": "done",
        "new": 40,
        "amount": sum(100 * (100 + number) for number in range(40)),
        "bad": 0,
    }
    after = town.do("counts")
    assert after == {**before, "orders": before["orders"] + 40}
    now = town.portrait(external)
    assert (len(known["orders"]), len(now["orders"])) == (1, 6)
    for name in ("points", "entries", "deliveries", "runs", "tasks"):
        assert now[name] == known[name], name
    live = town.scan(3)
    assert len(wait_for(lambda: town.welcomes(live["external_userid"]), 15 * busy())) == 1
    assert town.portrait(external)["deliveries"] == known["deliveries"]


def test_the_clerks_task_appears_at_ten_next_day_and_a_purchase_closes_it(town: Town) -> None:
    person, other = town.scan(4), town.scan(4)
    external, second = person["external_userid"], other["external_userid"]
    assert town.portrait(external)["tasks"] == []
    scanned = town.do("settle")
    town.do("jump", hour=9, minute=58, days=_until_tomorrow(scanned, hour=9, minute=58))
    assert town.portrait(external)["tasks"] == []
    ten = town.do("jump", hour=10)
    (task,) = town.portrait(external)["tasks"]
    assert (task[0], task[1][-5:]) == ("open", "10:00")
    town.do("jump", hour=10, minute=30)
    town.twin.post("/twin/buy", person=person["person"], sku=sku(town))
    ((state, _due, result),) = town.portrait(external)["tasks"]
    assert (state, result) == ("done", "bought")
    ((state, _due, _result),) = town.portrait(second)["tasks"]
    assert (state, ten[11:13]) == ("open", "02")


def _until_tomorrow(moment: str, hour: int, minute: int) -> int:
    """Days to add to the next such time of day so that it lies on the day after ``moment`` (China)."""
    clock: Any = (int(moment[11:13]) * 60 + int(moment[14:16]) + 8 * 60) % (24 * 60)
    return 1 if clock < hour * 60 + minute else 0
