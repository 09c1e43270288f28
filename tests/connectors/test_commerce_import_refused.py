"""What of an order file is set aside or refused, with its reason, and the rest goes in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.utils import translation

from siyu.connectors.commerce import api as imports
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.commerce import api as commerce
from tests.connectors.import_kit import ALL, AT, HEAD, bring_in, counts, dollars, everything, quarantined


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
