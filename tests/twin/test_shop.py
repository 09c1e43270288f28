"""Orders and refunds, reported to the platform until it has answered."""

from __future__ import annotations

import csv
import io

from tests.twin.twin_process import Platform, Twin, wait_for

COLUMNS = [
    "order_no", "paid_at", "customer_phone", "unionid", "buyer_name", "store_code", "clerk_userid", "sku",
    "product_name", "quantity", "amount_yuan", "status", "source",
]  # fmt: skip


def _connect(twin: Twin, platform: Platform) -> None:
    twin.post("/twin/shop", url=platform.url, api_key="k-1")


def test_order_and_refund_are_reported(twin: Twin, platform: Platform) -> None:
    _connect(twin, platform)
    person = twin.get("/twin/people", kind="existing")["people"][0]
    items = [{"sku": "AU002", "quantity": 2}, {"sku": "AG001", "amount": 25_000}]
    order = twin.post("/twin/buy", person=person["id"], items=items, source="pos")
    assert order["amount"] == 2 * 128_000 + 25_000
    part = [{"line_no": 1, "quantity": 1, "amount": 128_000}]
    refund = twin.post("/twin/refund", order_no=order["order_no"], lines=part)
    twin.quiet()
    reported = [event for batch in platform.batches for event in batch]
    assert set(platform.keys) == {"Bearer k-1"}
    assert [event["name"] for event in reported] == ["trade.order_reported", "trade.refund_reported"]
    first, second = reported
    assert first["identity"] == {"kind": "phone", "value": person["phone"]}
    paid_at = first["payload"].pop("paid_at")
    assert paid_at == first["occurred_at"]
    assert paid_at.endswith("+08:00")
    assert first["payload"] == {
        "source": "pos",
        "order_no": order["order_no"],
        "store_code": order["store_code"],
        "clerk_userid": twin.get(f"/twin/person/{person['id']}")["follows"][-1]["userid"],
        "currency": "CNY",
        "lines": [
            {"line_no": 1, "sku": "AU002", "name": "足金转运珠手绳", "quantity": 2, "amount": 256_000},
            {"line_no": 2, "sku": "AG001", "name": "925银小鹿项链", "quantity": 1, "amount": 25_000},
        ],
    }
    assert second["payload"]["refund_no"] == refund["refund_no"]
    assert second["payload"]["lines"] == part
    record = twin.record()
    assert (record["orders"]["accepted"], record["orders"]["taken_amount"]) == (1, 281_000)
    assert (record["refunds"]["accepted"], record["refunds"]["taken_amount"]) == (1, 128_000)


def test_what_each_source_knows_of_the_buyer(twin: Twin, platform: Platform) -> None:
    _connect(twin, platform)
    person = twin.get("/twin/people", kind="existing")["people"][0]
    for source in ("pos", "mini", "wecom", "tmall", "douyin"):
        twin.post("/twin/buy", person=person["id"], sku="AG001", source=source)
    twin.quiet()
    reported = [event for batch in platform.batches for event in batch]
    assert [event["identity"] for event in reported] == [
        {"kind": "phone", "value": person["phone"]},
        {"kind": "unionid", "value": person["unionid"]},
        {"kind": "external_userid", "value": person["external_userid"], "realm": twin.config["corpid"]},
        None,
        None,
    ]
    assert [event["payload"]["store_code"] is None for event in reported] == [False, False, False, True, True]
    assert twin.record()["orders"]["masked"] == 2
    assert twin.post("/twin/buy", status=409, person=person["id"], sku="AG001", source="x")["error"]


def test_the_same_ids_again_after_trouble(twin: Twin, platform: Platform) -> None:
    """503 first; then the effect takes place but the answer is an error; then it is a duplicate."""
    platform.script = [503, 599]
    _connect(twin, platform)
    twin.post("/twin/buy", person="c0001", sku="AG001")
    wait_for(lambda: len(platform.batches) == 3)
    twin.quiet()
    assert len({event["id"] for batch in platform.batches for event in batch}) == 1
    orders = twin.record()["orders"]
    assert (orders["generated"], orders["duplicate"], orders["taken"], orders["accepted"]) == (1, 1, 1, 0)
    assert [row["http"] for row in twin.rows("shop_calls")] == [503, 503, 200]


def test_doubled_batches_change_nothing(twin: Twin, platform: Platform) -> None:
    twin.post("/twin/faults", duplicate=1)
    _connect(twin, platform)
    for _ in range(3):
        twin.post("/twin/buy", person="c0001", sku="AG001")
        twin.quiet()
    sent = [event["id"] for batch in platform.batches for event in batch]
    assert sorted(sent) == sorted(2 * list(set(sent)))
    assert len(set(sent)) == 3
    orders = twin.record()["orders"]
    assert (orders["accepted"], orders["duplicate"]) == (3, 0)


def test_rejections_are_kept(twin: Twin, platform: Platform) -> None:
    platform.rejected = {"trade.refund_reported"}
    _connect(twin, platform)
    order = twin.post("/twin/buy", person="c0001", sku="AG001")
    twin.post("/twin/refund", order_no=order["order_no"])
    twin.quiet()
    record = twin.record()
    assert (record["orders"]["accepted"], record["refunds"]["rejected"], record["refunds"]["taken"]) == (
        1,
        1,
        0,
    )


def test_what_came_too_early_is_reported_again_a_little_later(twin: Twin, platform: Platform) -> None:
    platform.early = 2
    _connect(twin, platform)
    twin.post("/twin/buy", person="c0001", sku="AG001")
    wait_for(lambda: len(platform.batches) == 3)
    twin.quiet()
    orders = twin.record()["orders"]
    assert (orders["generated"], orders["accepted"], orders["rejected"]) == (1, 1, 0)


def test_orders_wait_for_the_connection(twin: Twin, platform: Platform) -> None:
    for _ in range(3):
        twin.post("/twin/buy", person="c0002", sku="AG001")
    assert twin.get("/twin/shop")["waiting"] == 3
    _connect(twin, platform)
    wait_for(lambda: twin.get("/twin/shop")["waiting"] == 0)
    assert twin.record()["orders"]["accepted"] == 3


def test_never_more_back_than_was_paid(twin: Twin) -> None:
    order = twin.post("/twin/buy", person="c0001", sku="AU001", quantity=2)["order_no"]
    lines = [{"line_no": 1, "quantity": 0, "amount": 4_320_001}]
    assert twin.post("/twin/refund", status=409, order_no=order, lines=lines)["error"] == "too_much"
    lines = [{"line_no": 1, "quantity": 3, "amount": 1}]
    assert twin.post("/twin/refund", status=409, order_no=order, lines=lines)["error"] == "too_much"
    assert twin.post("/twin/refund", status=409, order_no="x")["error"] == "unknown_order"
    lines = [{"line_no": 1, "quantity": 1, "amount": 20}]
    twin.post("/twin/refund", order_no=order, lines=lines)
    assert twin.post("/twin/refund", order_no=order)["amount"] == 4_320_000 - 20
    assert twin.post("/twin/refund", status=409, order_no=order)["error"] == "nothing_left"
    assert twin.record()["refunds"]["amount"] == 4_320_000


def test_history_as_a_file(twin: Twin) -> None:
    answer = twin.http.get("/twin/shop/orders.csv")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert list(rows[0]) == COLUMNS
    assert len(rows) > 2000
    masked = [row for row in rows if not row["customer_phone"]]
    assert {row["source"] for row in masked} == {"tmall", "douyin"}
    assert {row["source"] for row in rows} == {"pos", "mini", "tmall", "douyin"}
    assert min(row["paid_at"] for row in rows)[:7] == "2024-11"
    assert max(row["paid_at"] for row in rows) < "2026-11-16"
    phones = {person["phone"] for person in twin.get("/twin/people", kind="existing", limit=1000)["people"]}
    assert len(phones & {row["customer_phone"] for row in rows}) > 500
    goods = {item["sku"]: item for item in twin.get("/twin/shop/goods.json")["goods"]}
    assert len(goods) == 40
    assert {row["sku"] for row in rows} <= set(goods)
    # Living on changes nothing in the past.
    twin.post("/twin/scan", config_id=twin.code_for(twin.clerks()[1]), person="c0001")
    assert twin.http.get("/twin/shop/orders.csv").content == answer.content
