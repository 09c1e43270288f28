"""Order files: exact to the row and the cent, in the shapes shop systems write, harmless to people."""

from __future__ import annotations

import io
import time
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import openpyxl
import pytest

from siyu.connectors.commerce import api as imports
from siyu.connectors.commerce import running, staging
from siyu.connectors.commerce.models import Import
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from tests.connectors.import_kit import (
    ALL,
    AT,
    HEAD,
    HERE,
    bring_in,
    counts,
    dollars,
    member,
    quarantined,
)
from tests.records.people import directory

NOON = datetime(2026, 10, 1, 12, 30, tzinfo=UTC).replace(tzinfo=None)  # as Excel keeps it


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_all_of_cdnow_to_the_row_and_the_cent() -> None:
    dollars()
    facts.install_cursors()
    began = time.monotonic()
    done = imports.import_file_cli(imports.cdnow_path(), "cdnow", at=AT)
    print(f"CDNOW: {time.monotonic() - began:.1f} s")
    assert counts(done) == (69_659, 0, 69_659, 0, 0)
    source = [line.split() for line in imports.cdnow_path().read_text().splitlines()[1:]]
    cents = {
        who: sum(round(float(row[3]) * 100) for row in rows) for who, rows in _by_customer(source).items()
    }
    assert done.amount_new == sum(cents.values()) == 250_031_563
    totals = commerce.customer_totals()
    assert len(totals) == 23_570
    for who in ("00001", "00002", "14048"):
        mine = totals[member(who)]
        assert (mine.orders, mine.amount) == (len(_by_customer(source)[who]), cents[who])
    one = "SELECT count(*), count(*) FILTER (WHERE amount = 0), count(DISTINCT order_no) FROM records_commerce_order"
    assert foundation.fetch(one) == [(69_659, 80, 69_659)]
    twins = foundation.fetch("SELECT count(*) FROM records_commerce_order WHERE order_no NOT LIKE '%%-1'")
    assert twins == [(sum(count - 1 for count in Counter(map(tuple, source)).values()),)] == [(255,)]
    assert _last_day() == date(2026, 11, 19)
    assert done.shift_days == (date(2026, 11, 19) - date(1998, 6, 30)).days
    assert foundation.fetch("SELECT DISTINCT origin FROM facts_event") == [("backfill",)]
    facts.drain(at=AT, only=["decisions_loyalty.points", "records_commerce.people"])
    assert ledger.account_total(ledger.system_account("loyalty")) == 0
    assert foundation.fetch("SELECT count(*) FROM records_ledger_transfer") == [(0,)]


def _by_customer(rows: list[list[str]]) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    for row in rows:
        found.setdefault(row[0], []).append(row)
    return found


def _last_day() -> date:
    last: datetime = foundation.fetch("SELECT max(paid_at) FROM records_commerce_order")[0][0]
    return last.astimezone(HERE).date()


@pytest.mark.django_db
def test_a_file_without_header_and_published_dates() -> None:
    dollars()
    text = "00001 19970101  1   11.77\n00002 19970112  1   12.00\n00002 19970112  1   12.00\n"
    done = bring_in(text, preset="cdnow", data_set="cd-original", shift_days=0)
    assert counts(done) == (3, 0, 3, 0, 0)
    view = commerce.orders_of(member("00002", "cd-original")).items
    assert [(v.amount, v.currency, v.paid_at.astimezone(HERE).date()) for v in view] == [
        (1200, "USD", date(1997, 1, 12))
    ] * 2


TWIN = HEAD + (
    "POS1,2026-10-01T12:30:00+08:00,13800000001,,张三,S21,li,R1,钻戒,1,12999.00,paid\n"
    "MINI1,2026-10-02T09:00:00+08:00,13800000001,oUnion_1,张三,S22,,N1,项链,2,1688.50,paid\n"
    "POS1,2026-10-01T12:30:00+08:00,13800000001,,张三,S21,li,B1,手链,1,0.00,paid\n"
    "TM1,2026-10-03T20:00:00+08:00,138****0002,,李**,,,R1,钻戒,1,8888.88,refunded\n"
)


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_shop_export_becomes_customers_orders_and_refunds(encoding: str) -> None:
    units, people = directory(AT)
    done = bring_in(TWIN.encode(encoding))
    assert counts(done) == (4, 0, 3, 0, 0)
    who = customers.find_customer(customers.IdentityRef("unionid", "oUnion_1"), scope=ALL)
    assert who is not None
    assert customers.find_customer(customers.IdentityRef("phone", "13800000001"), scope=ALL) == who
    assert customers.profiles([who])[who].name == "张三"
    mini, pos = commerce.orders_of(who).items
    assert (pos.order_no, pos.amount, pos.unit_id, pos.employee_id) == (
        "POS1",
        1_299_900,
        units["S21"],
        people["li"],
    )
    assert [(line.sku, line.name, line.amount) for line in pos.lines] == [
        ("R1", "钻戒", 1_299_900),
        ("B1", "手链", 0),
    ]
    assert (mini.amount, mini.lines[0].quantity, mini.employee_id) == (168_850, 2, None)
    (waiting,) = commerce.unmatched(ALL).items
    assert (waiting.order_no, waiting.buyer_hint, waiting.refunded_amount) == (
        "TM1",
        "李** 138****0002",
        888_888,
    )
    assert waiting.state is commerce.OrderState.REFUNDED
    assert foundation.fetch("SELECT DISTINCT origin FROM facts_event WHERE name <> 'unit.changed' "
                            "AND name NOT LIKE 'employee.%%'") == [("backfill",)]  # fmt: skip


@pytest.mark.django_db
def test_a_later_export_corrects_orders_and_adds_refunds() -> None:
    bring_in(TWIN)
    changed = TWIN.replace("1688.50,paid", "1688.50,已退款").replace("12999.00", "12000.00")
    done = bring_in(changed)
    assert counts(done) == (4, 0, 0, 2, 1)
    found = {view.order_no: (view.amount, view.refunded_amount) for view in commerce.orders(ALL).items}
    assert found["POS1"] == (1_200_000, 0)
    assert found["MINI1"] == (168_850, 168_850)


def _large_excel() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["订单编号", "付款时间", "手机号", "实付金额", "商品名称", "数量", "订单状态"])
    for number in range(3_000):
        sheet.append([f"E{number}", NOON, 13800000001, 1, "戒指", 1, "交易成功"])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_reading_shows_how_far_it_is(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "CHUNK", 500)
    line = "L{},2026-10-01 12:00,13800000001,,,,,R1," + "很长的商品名称" * 40 + ",1,1.00,paid\n"
    text = HEAD + "".join(line.format(number) for number in range(3_000))
    content = text.encode() if kind == "csv" else _large_excel()
    with foundation.transaction():
        file_id = imports.upload([content], f"large.{kind}", at=AT)
        import_id = imports.start_import(file_id, preset="generic", by=foundation.SYSTEM, at=AT)
    shares: list[float] = []

    def told(run: Import) -> None:
        if run.state == imports.ImportState.READING:
            shares.append(imports.import_status(run.pk).share)

    running.run_import(import_id, at=AT, told=told)
    assert len(shares) == 6 and shares == sorted(set(shares))
    assert shares[0] < 0.1 and 0.1 < shares[2] < 0.2 and shares[-1] <= 0.3
    assert imports.import_status(import_id).share == 1.0


@pytest.mark.django_db
def test_an_excel_file_with_its_own_headers_and_types() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["订单编号", "付款时间", "手机号", "实付金额", "商品名称", "数量", "订单状态"])
    sheet.append([20261001001, NOON, 13800000001, 129.9, "戒指", 1, "交易成功"])
    sheet.append([20261001001, NOON, 13800000001, 0.1, "礼盒", 1, "交易成功"])
    sheet.append(["E2", "2026/10/2 9:05", "138 0000 0002", "¥1,234.50", "项链", "2", "交易成功"])
    sheet.append(["E3", "2026-10-02", None, 5, "", 1, "待付款"])
    out = io.BytesIO()
    book.save(out)
    done = bring_in(out.getvalue(), "orders.xlsx")
    assert counts(done) == (4, 1, 2, 0, 0)
    found = {view.order_no: view for view in commerce.orders(ALL).items}
    assert found["20261001001"].amount == 13_000
    assert (found["E2"].amount, found["E2"].paid_at) == (123_450, datetime(2026, 10, 2, 1, 5, tzinfo=UTC))
    assert "not paid (待付款)" in quarantined(done)


@pytest.mark.django_db
def test_days_of_a_file_and_of_a_list_are_those_of_the_brands_zone() -> None:
    foundation.set_setting("brand.timezone", "America/New_York", at=AT, by=foundation.SYSTEM)
    bring_in("order_no,paid_at,amount\nA,2026-10-01 23:30,1\n")
    (order,) = commerce.orders(ALL).items
    assert order.paid_at == datetime(2026, 10, 2, 3, 30, tzinfo=UTC)
    day = commerce.OrderFilter(first_day=date(2026, 10, 1), last_day=date(2026, 10, 1))
    assert commerce.orders(ALL, day).total == 1
    (sales,) = commerce.sales_by_day(date(2026, 10, 1), date(2026, 10, 1), scope=ALL)
    assert (sales.orders, sales.amount) == (1, 100)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-10-01 09:05:07", "2026-10-01 09:05"),
        ("2026/10/1 9:05", "2026-10-01 09:05"),
        ("2026年10月1日 9:05", "2026-10-01 09:05"),
        ("2026.10.01", "2026-10-01 12:00"),
        ("20261001", "2026-10-01 12:00"),
        ("2026-10-01T01:05:00Z", "2026-10-01 09:05"),
        ("2026-02-30", None),
        ("1.10.2026", None),
        ("1970-01-01", None),
        ("46296", None),
    ],
)
def test_dates_as_shop_systems_write_them(written: str, meant: str | None) -> None:
    file_id = imports.upload([f"order_no,paid_at,amount\nA,{written},1\n".encode()], "d.csv", at=AT)
    (row,) = imports.preview(file_id, preset="generic", at=AT).rows
    assert (row.parsed.get("paid_at"), bool(row.problem)) == (meant, meant is None)


def test_cdnow_is_found_without_importing_its_package() -> None:
    import sys  # noqa: PLC0415

    path = imports.cdnow_path()
    assert path == Path(path) and path.name == "CDNOW_master.txt"
    assert "lifetimes" not in sys.modules
