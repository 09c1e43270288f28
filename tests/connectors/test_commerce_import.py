"""Order files: exact to the row and the cent, once, resumable after a kill, harmless to people."""

from __future__ import annotations

import io
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from django.db import OperationalError, connection
from django.utils import translation

from siyu.connectors.commerce import api as imports
from siyu.connectors.commerce import running, staging, writing
from siyu.connectors.commerce.models import Import
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff
from tests.records.people import directory

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
ALL = staff.EVERYTHING
HERE = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 10, 1, 12, 30, tzinfo=UTC).replace(tzinfo=None)  # as Excel keeps it
HEAD = "order_no,paid_at,customer_phone,unionid,buyer_name,store_code,clerk_userid,sku,product_name,quantity,amount_yuan,status\n"


def bring_in(content: bytes | str, name: str = "orders.csv", **extra: object) -> imports.ImportStatus:
    """Upload, start and run an import as the console and the worker do."""
    data = content.encode() if isinstance(content, str) else content
    with foundation.transaction():
        file_id = imports.upload([data], name, at=AT)
        options: dict[str, object] = {"preset": "generic", "by": foundation.SYSTEM, "at": AT, **extra}
        import_id = imports.start_import(file_id, **options)  # type: ignore[arg-type]
    work()
    return imports.import_status(import_id)


def dollars() -> None:
    """The brand counts in US dollars, as the CDNOW history does."""
    foundation.set_setting("brand.currency", "USD", at=AT, by=foundation.SYSTEM)


def work() -> None:
    foundation.run_due_jobs(at=AT, only=["connectors_commerce.import"])


def counts(status: imports.ImportStatus) -> tuple[int, ...]:
    return (status.rows_read, status.rows_bad, status.orders_new, status.orders_same, status.orders_changed)


def everything() -> list[tuple[object, ...]]:
    """All that an import may touch for good."""
    found: list[tuple[object, ...]] = []
    for table in ("records_commerce_order", "records_commerce_orderline", "records_commerce_refund"):
        found += foundation.fetch(f"SELECT * FROM {table} ORDER BY id")
    found += foundation.fetch("SELECT id FROM facts_event ORDER BY id")
    return found


def quarantined(status: imports.ImportStatus, language: str = "en") -> str:
    with translation.override(language):
        return "".join(imports.quarantine_csv(status.id))


def member(number: str, data_set: str = "cdnow") -> int:
    found = customers.find_customer(customers.IdentityRef("member_no", number, data_set), scope=ALL)
    assert found is not None
    return found


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


@pytest.fixture
def some_cdnow() -> str:
    """Every tenth customer of CDNOW, with the original header: several chunks."""
    return _slice("0")


@pytest.fixture
def little_cdnow() -> str:
    """Every hundredth customer."""
    return _slice("00")


def _slice(ending: str) -> str:
    lines = imports.cdnow_path().read_text().splitlines()
    return "\n".join([lines[0], *(line for line in lines[1:] if line.split()[0].endswith(ending))]) + "\n"


@pytest.mark.django_db
def test_the_same_file_again_changes_nothing_and_keeps_its_shift(little_cdnow: str) -> None:
    dollars()
    first = bring_in(little_cdnow, preset="cdnow")
    before = everything()
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "again.txt", at=AT + timedelta(days=40))
        later = imports.start_import(
            file_id, preset="cdnow", by=foundation.SYSTEM, at=AT + timedelta(days=40)
        )
    foundation.run_due_jobs(at=AT + timedelta(days=40), only=["connectors_commerce.import"])
    again = imports.import_status(later)
    assert (again.orders_new, again.orders_changed) == (0, 0)
    assert again.orders_same == first.orders_new == first.rows_read > 600
    assert again.shift_days == first.shift_days
    assert everything() == before
    with pytest.raises(BadInput, match="平移"), translation.override("zh-hans"), foundation.transaction():
        imports.start_import(file_id, preset="cdnow", shift_days=0, by=foundation.SYSTEM, at=AT)


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


@pytest.mark.django_db(transaction=True)
def test_killed_at_random_moments_it_loses_and_doubles_nothing(some_cdnow: str) -> None:
    dollars()
    with foundation.transaction():
        file_id = imports.upload([some_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
    wait = random.Random(7)
    kills = 0
    for _try in range(40):
        connection.close()
        child = os.fork()
        if child == 0:
            try:
                work()
            finally:
                os._exit(0)  # never back into pytest
        time.sleep(wait.uniform(0.05, 0.9))
        os.kill(child, signal.SIGKILL)
        _pid, ended = os.waitpid(child, 0)
        kills += os.WIFSIGNALED(ended)
        # The dead worker's lease runs out; here at once.
        foundation.execute(
            "UPDATE foundation_work_job SET lease_until = NULL, run_after = NULL, attempts = 0"
        )
        if imports.import_status(import_id).state is imports.ImportState.DONE:
            break
    work()
    done = imports.import_status(import_id)
    rows = [line.split() for line in some_cdnow.splitlines()[1:]]
    assert kills >= 2
    assert counts(done) == (len(rows), 0, len(rows), 0, 0)
    assert done.amount_new == sum(round(float(row[3]) * 100) for row in rows)
    stored = foundation.fetch("SELECT count(*), sum(amount)::bigint FROM records_commerce_order")
    assert stored == [(len(rows), done.amount_new)]
    told = foundation.fetch("SELECT count(*) FROM facts_event WHERE name = 'order.paid'")
    assert told == [(len(rows),)]
    assert foundation.fetch("SELECT count(*) FROM connectors_commerce_stagedrow") == [(0,)]


@pytest.mark.django_db
def test_a_person_stops_it_and_lets_it_go_on(little_cdnow: str) -> None:
    dollars()
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
        imports.stop_import(import_id, by=foundation.SYSTEM, at=AT)
    work()
    assert imports.import_status(import_id).state is imports.ImportState.STOPPED
    assert commerce.orders(ALL).total == 0
    with foundation.transaction():
        imports.resume_import(import_id, by=foundation.SYSTEM, at=AT)
    work()
    done = imports.import_status(import_id)
    assert (done.state, done.share, done.orders_new) == (imports.ImportState.DONE, 1.0, done.rows_read)
    with pytest.raises(Conflict):
        imports.stop_import(import_id, by=foundation.SYSTEM, at=AT)
    with pytest.raises(Conflict):
        imports.resume_import(import_id, by=foundation.SYSTEM, at=AT)


@pytest.mark.django_db
def test_an_import_resumed_before_its_stopped_job_is_put_away_goes_on(little_cdnow: str) -> None:
    dollars()
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
        imports.stop_import(import_id, by=foundation.SYSTEM, at=AT)
    resumed = False

    def meanwhile(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal resumed
        if sql.startswith('UPDATE "foundation_work_job" SET "state"') and "done" in params and not resumed:
            resumed = True
            imports.resume_import(import_id, by=foundation.SYSTEM, at=AT)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(meanwhile):
        work()
    work()
    assert resumed
    assert imports.import_status(import_id).state is imports.ImportState.DONE


@pytest.mark.django_db(transaction=True)
def test_a_database_in_trouble_for_a_while_ends_no_import(little_cdnow: str) -> None:
    """Locks held too long, a restart: the import goes on afterwards by itself, however often it happens."""
    dollars()
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
    left = 7

    def trouble(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal left
        if "INSERT INTO records_commerce_order " in sql and left:
            left -= 1
            raise OperationalError("canceling statement due to lock timeout")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(trouble):
        for _try in range(8):
            work()
            foundation.execute("UPDATE foundation_work_job SET run_after = NULL")
    done = imports.import_status(import_id)
    assert (left, done.state, done.orders_new) == (0, imports.ImportState.DONE, done.rows_read)


@pytest.mark.django_db
def test_a_stopped_import_whose_rows_have_expired_cannot_go_on(
    little_cdnow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Going on it would say that it is done, without the rows that are gone."""
    dollars()
    monkeypatch.setattr(writing, "CHUNK", 20)
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)

    def stop_when_writing(run: Import) -> None:
        if run.state == imports.ImportState.WRITING and run.rows_written and not run.stop_requested:
            imports.stop_import(import_id, by=foundation.SYSTEM, at=AT)

    running.run_import(import_id, at=AT, told=stop_when_writing)
    stopped = imports.import_status(import_id)
    assert (stopped.state, stopped.resumable) == (imports.ImportState.STOPPED, True)
    assert 0 < stopped.rows_written < stopped.rows_read
    later = AT + timedelta(days=400)
    foundation.enqueue("connectors_commerce.purge", due_at=later)
    foundation.run_due_jobs(at=later, only=["connectors_commerce.purge"])
    gone = imports.import_status(import_id)
    assert (gone.state, gone.resumable, gone.rows_written) == (
        imports.ImportState.FAILED,
        False,
        stopped.rows_written,
    )
    assert "重新上传" in gone.error
    with pytest.raises(Conflict):
        imports.resume_import(import_id, by=foundation.SYSTEM, at=later)


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_takes_over_goes_on_behind_what_the_other_still_read(
    little_cdnow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was thought dead may commit a last chunk while its successor looks for the place."""
    dollars()
    monkeypatch.setattr(staging, "CHUNK", 40)
    with foundation.transaction():
        file_id = imports.upload([little_cdnow.encode()], "cdnow.txt", at=AT)
        import_id = imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
    locks = 0

    def last_chunk_of_the_other() -> None:
        try:
            running.run_import(import_id, at=AT, should_stop=lambda: True)
        finally:
            connection.close()

    def between(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        nonlocal locks
        if "FOR UPDATE" in sql and "connectors_commerce_import" in sql:
            locks += 1
            if locks == 2:  # the first only looks whether there is anything to read
                other = threading.Thread(target=last_chunk_of_the_other)
                other.start()
                other.join(20)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(between):
        work()
    done = imports.import_status(import_id)
    rows = len(little_cdnow.splitlines()) - 1
    assert (done.state, done.rows_read, done.orders_new) == (imports.ImportState.DONE, rows, rows)
    stored = foundation.fetch("SELECT count(*) FROM records_commerce_order")
    assert stored == [(rows,)]


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


@pytest.mark.django_db
def test_a_refused_refund_stands_among_the_refused_rows() -> None:
    rows = "F1,2026-10-01 12:00,13800000001,,,,,R1,钻戒,1,100.00,{}\nF1,2026-10-01 12:00,13800000001,,,,,B1,手链,1,50.00,{}\n"
    first = bring_in(HEAD + rows.format("refunded", "paid"))
    assert (first.orders_new, first.rows_bad) == (1, 0)
    done = bring_in(HEAD + rows.format("refunded", "refunded"))  # the same refund with another amount
    assert (done.orders_rejected, done.rows_bad) == (0, 2)
    with translation.override("en"):
        reason = str(commerce.describe_reject(commerce.Reject.OTHER_REFUND))
    assert quarantined(done).count(f"The order is kept, its refund was refused: {reason}") == 2
    assert "订单已保留,退款被拒绝" in quarantined(done, "zh-hans")
    (view,) = commerce.orders(ALL).items
    assert (view.amount, view.refunded_amount) == (15_000, 10_000)


@pytest.mark.django_db
def test_a_refund_above_what_is_left_is_refused_with_its_row_alone() -> None:
    rows = "F1,2026-10-01 12:00,13800000001,,,,,R1,钻戒,1,100.00,{}\nF1,2026-10-01 12:00,13800000001,,,,,B1,手链,1,50.00,paid\n"
    bring_in(HEAD + rows.format("paid"))
    (view,) = commerce.orders(ALL).items
    back = commerce.RefundSpec(view.source, "F1", "API-1", AT, (commerce.RefundLineSpec(1, 1, 9_000),))
    assert [one.outcome for one in commerce.record_refunds([back], at=AT)] == [commerce.Outcome.NEW]
    done = bring_in(HEAD + rows.format("refunded"))
    assert done.rows_bad == 1
    assert "钻戒" in quarantined(done) and "手链" not in quarantined(done)
    with translation.override("en"):
        assert str(commerce.describe_reject(commerce.Reject.ABOVE_PAID)) in quarantined(done)
    assert foundation.fetch("SELECT count(*) FROM records_commerce_refund WHERE state = 'waiting'") == [(0,)]


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


BAD = HEAD + (
    "OK1,2026-10-01 10:00,,,,,,,,1,10.00,paid\n"
    ",2026-10-01 10:00,,,,,,,,1,10.00,paid\n"
    "B2,yesterday,,,,,,,,1,10.00,paid\n"
    "B3,2036-10-01,,,,,,,,1,10.00,paid\n"
    "B4,2026-10-01,,,,,,,,1,10.001,paid\n"
    "B5,2026-10-01,,,,,,,,1,-10.00,paid\n"
    "B6,2026-10-01,,,,,,,,1.5,10.00,paid\n"
    "B7,2026-10-01,,,,,,,,1,10.00,unheard\n"
    'B8,2026-10-01,,,"=HYPERLINK(""http://evil"",""张三"")",,,,@SUM(A1),1,ten,paid\n'
    "B9,2026-10-01,1\n"
    "OK2,2026-10-01,,,,,,,,,0,\n"
    'B10,2026-10-01,,,"张三,,,,,1,10.00,paid\n'
)


@pytest.mark.django_db
def test_bad_rows_are_set_aside_with_reasons_and_the_rest_goes_in() -> None:
    done = bring_in(BAD)
    assert counts(done) == (12, 10, 2, 0, 0)
    assert {view.order_no for view in commerce.orders(ALL).items} == {"OK1", "OK2"}
    lines = quarantined(done).removeprefix("\ufeff").splitlines()
    assert [line.split(",")[0] for line in lines] == [
        "Row number",
        "3",
        "4",
        "5",
        "6",
        "7",
        "8",
        "9",
        "10",
        "11",
        "13",
    ]
    assert "“yesterday” is not a date" in lines[2]
    assert "“10.001” is not an amount" in lines[4]
    assert """"'=HYPERLINK(""http://evil"",""张三"")",,,,'@SUM(A1),1,ten""" in lines[8]
    assert "The row has 3 cells, the header 12" in lines[9]
    chinese = quarantined(done, "zh-hans").splitlines()
    assert chinese[0] == "\ufeff行号,原因,内容"
    assert all("The" not in line for line in chinese)
    assert b"13800000001" not in b"".join(
        bytes(row[0]) for row in foundation.fetch("SELECT sealed FROM connectors_commerce_quarantinedrow")
    )


@pytest.mark.django_db
@pytest.mark.parametrize("later", ["", '"'])
def test_a_quote_that_is_never_closed_costs_its_own_row_alone(later: str) -> None:
    rows = [f"Q{n},2026-10-01,,,{later}张三{later},,,R1,ring,1,1.00,paid\n" for n in range(600)]
    rows.insert(3, 'BAD,2026-10-01,,,"李四,,,R1,ring,1,1.00,paid\n')
    rows.append('END,2026-10-01,,,"王五,,,R1,ring,1,1.00,paid\n')
    done = bring_in(HEAD + "".join(rows))
    assert counts(done) == (602, 2, 600, 0, 0)
    lines = quarantined(done).removeprefix("\ufeff").splitlines()
    assert [line.split(",")[0] for line in lines] == ["Row number", "5", "603"]
    assert "李四" in lines[1] and "王五" in lines[2]


@pytest.mark.django_db
def test_a_decimal_comma_is_set_aside_and_never_read_as_a_hundred_times_as_much() -> None:
    foundation.set_setting("brand.currency", "EUR", at=AT, by=foundation.SYSTEM)
    rows = (("1,250.00", 1), ("12,50", 2), ("1.234,50", 3), ("1,5", 4), ("12,345,678", 5), ("99.90", 6))
    lines = [f"E{n};2026-10-01;;;;;;R1;ring;1;{amount};paid\n" for amount, n in rows]
    done = bring_in(HEAD.replace(",", ";") + "".join(lines))
    kept = {view.order_no: view.amount for view in commerce.orders(ALL).items}
    assert kept == {"E1": 125_000, "E5": 1_234_567_800, "E6": 9_990}
    assert done.rows_bad == 3
    assert "“12,50” is not an amount" in quarantined(done).replace('""', '"')


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file.empty"),
        (b"   \n", "file.empty"),
        (HEAD.encode(), "file.no_rows"),
        (b"\xff\xfeo\x00r\x00", "file.utf16"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00", "file.no_text"),
        (b"\xd0\xcf\x11\xe0 old excel", "file.xls"),
        (b"PK\x03\x04 cut off", "file.xlsx"),
        (HEAD.encode() + b"A,2026-10-01,\x81\x20\xff\xff,,,,,,,1,1.00,paid\n", "file.encoding"),
        ("订单号,金额\nA,1\n".encode(), "file.columns"),
        (b"order_no,paid_at,amount,amount\nA,2026-10-01,1,2\n", "file.double_column"),
    ],
)
def test_a_file_that_cannot_be_used_says_why_and_leaves_nothing(content: bytes, code: str) -> None:
    with pytest.raises(BadInput) as caught, translation.override("zh-hans"):
        bring_in(content)
    assert caught.value.code == code
    with translation.override("zh-hans"):
        assert any("\u4e00" <= char <= "\u9fff" for char in str(caught.value))
    assert foundation.fetch("SELECT count(*) FROM connectors_commerce_import") == [(0,)]
    assert foundation.fetch("SELECT count(*) FROM foundation_files_storedfile") == [(0,)]
    assert commerce.orders(ALL).total == 0


@pytest.mark.django_db
def test_trouble_far_into_the_file_ends_the_import_with_its_reason() -> None:
    good = "".join(f"G{n},2026-10-01,,,,,,,,1,1.00,paid\n" for n in range(60_000))
    done = bring_in(HEAD.encode() + good.encode() + b"X,2026-10-01,\x81\x20\xff\xff,,,,,,,1,1.00,paid\n")
    assert done.state is imports.ImportState.FAILED
    with translation.override("en"):
        assert "neither UTF-8 nor GB18030" in imports.import_status(done.id).error
    assert commerce.orders(ALL).total == 0
    hopeless = bring_in(HEAD + "".join(f"G{n},2026-10-01,,,,,,,,1,ten,paid\n" for n in range(6_000)))
    assert hopeless.state is imports.ImportState.FAILED
    assert foundation.fetch("SELECT count(*) FROM connectors_commerce_stagedrow") == [(0,)]


@pytest.mark.django_db
def test_a_hundred_megabytes_are_refused_and_not_kept() -> None:
    def hundred() -> Iterator[bytes]:
        for _megabyte in range(100):
            yield b"x" * 1_048_576

    with pytest.raises(BadInput) as caught:
        imports.upload(hundred(), "big.csv", at=AT)
    assert (caught.value.code, caught.value.params["limit"]) == ("file.too_large", 50)
    assert foundation.fetch("SELECT count(*) FROM foundation_files_storedfile") == [(0,)]


@pytest.mark.django_db
def test_a_preview_shows_rows_problems_and_mapping_and_writes_nothing() -> None:
    file_id = imports.upload([BAD.encode()], "bad.csv", at=AT)
    before = everything()
    with translation.override("en"):
        seen = imports.preview(file_id, preset="generic", at=AT, rows=3)
    assert (seen.format, seen.encoding, seen.rows_good, seen.rows_bad) == ("csv", "UTF-8", 1, 2)
    assert seen.mapping["amount"] == "amount_yuan"
    assert seen.rows[0].parsed["amount"] == "¥10.00"
    assert seen.rows[1].problem == "The order number is missing."
    own = imports.preview(
        file_id, preset="generic", at=AT, rows=3, mapping={"amount": "quantity", "store_code": ""}
    )
    assert (own.rows[0].parsed["amount"], "store_code" in own.mapping) == ("¥1.00", False)
    with pytest.raises(BadInput, match="no such"):
        imports.preview(file_id, preset="generic", at=AT, mapping={"amount": "no such"})
    dollars()
    before = everything()
    cdnow = imports.upload([b"00001 19970101  1   11.77\n"], "cd.txt", at=AT)
    assert imports.preview(cdnow, preset="cdnow", at=AT).shift_days > 10_000
    lacking = imports.preview(imports.upload([b"order_no,a\n1,2\n"], "x.csv", at=AT), preset="generic", at=AT)
    assert lacking.missing == ("paid_at", "amount")
    assert everything() == before
    assert imports.imports().total == 0


@pytest.mark.django_db
def test_amounts_of_another_currency_stay_outside() -> None:
    head = HEAD.strip() + ",currency\n"
    rows = [
        f"C{number},2026-10-01,,,,,,,,1,{amount},,{code}"
        for number, (amount, code) in enumerate(
            [("10.00", "CNY"), ("20.00", ""), ("30.00", "usd"), ("5", "yuan")]
        )
    ]
    done = bring_in(head + "\n".join(rows) + "\n")
    assert (counts(done), done.amount_new) == ((4, 2, 2, 0, 0), 3_000)
    assert [order.currency for order in commerce.orders(ALL).items] == ["CNY", "CNY"]
    assert "C2,2026-10-01" in quarantined(done) and "is in USD, the brand counts in CNY" in quarantined(done)
    assert "订单币种是 USD,品牌以 CNY 记账" in quarantined(done, "zh-hans")


@pytest.mark.django_db
def test_a_file_wholly_in_another_currency_is_refused_at_once() -> None:
    file_id = imports.upload([b"00001 19970101  1   11.77\n"], "cd.txt", at=AT)
    with translation.override("zh-hans"), pytest.raises(BadInput, match="USD") as refused:
        imports.start_import(file_id, preset="cdnow", by=foundation.SYSTEM, at=AT)
    assert refused.value.code == "file.other_currency"
    assert imports.imports().total == 0


@pytest.mark.django_db
def test_the_currency_stands_once_an_order_is_there() -> None:
    dollars()
    bring_in("00001 19970101  1   11.77\n", preset="cdnow")
    with pytest.raises(BadInput) as refused:
        foundation.set_setting("brand.currency", "CNY", at=AT, by=foundation.SYSTEM)
    assert refused.value.code == "setting.currency_in_use"
    with pytest.raises(BadInput) as unknown:
        foundation.set_setting("brand.currency", "XXX", at=AT, by=foundation.SYSTEM)
    assert unknown.value.code == "setting.choice"
    with pytest.raises(BadInput) as zone:
        foundation.set_setting("brand.timezone", "Europe/Paris", at=AT, by=foundation.SYSTEM)
    assert zone.value.code == "setting.zone_in_use"
    foundation.set_setting("brand.currency", "USD", at=AT, by=foundation.SYSTEM)  # the same is no change
    assert (foundation.brand_currency(), foundation.brand_zone().key) == ("USD", "Asia/Shanghai")


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
