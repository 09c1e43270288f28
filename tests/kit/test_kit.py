"""Money is exact, ids are ordered, business time only moves forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.kit import clock, ids, money
from siyu.kit.errors import BadInput
from siyu.kit.pagination import Page


@given(st.integers(-(10**14), 10**14))
def test_formatting_and_parsing_money_are_inverse(amount: int) -> None:
    text = money.format_minor(abs(amount), "CNY")
    assert money.parse_minor(text) == abs(amount)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("12.34", 1234), ("¥1,234.5", 123450), (" 0 ", 0), ("-3.20", -320), ("12.340", 1234), ("¥ 8", 800)],
)
def test_amounts_as_people_write_them(text: str, minor: int) -> None:
    assert money.parse_minor(text) == minor


@pytest.mark.parametrize("text", ["", "abc", "1.234", "NaN", "Infinity", "1e99", "=1+1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        money.parse_minor(text)


def test_counts_as_people_say_them() -> None:
    assert [money.format_compact(n) for n in (9_800, 12_345, 20_000, 123_456_789)] == [
        "9,800",
        "1.2万",
        "2万",
        "1.2亿",
    ]


def test_uuid7_is_ordered_by_time() -> None:
    made = [ids.uuid7() for _number in range(200)]
    assert [one.int >> 80 for one in made] == sorted(one.int >> 80 for one in made)
    assert {(one.version, one.variant) for one in made} == {(7, "specified in RFC 4122")}
    assert len(set(made)) == 200


def test_business_time_is_shared_by_file_and_never_runs_backward(tmp_path: Path) -> None:
    place = tmp_path / "clock.json"
    try:
        clock.use_file(place)
        assert clock.offset() == timedelta(0)
        ahead = clock.wall_now() + timedelta(days=3)
        assert abs(clock.move_to(ahead) - ahead) < timedelta(seconds=5)
        clock.move_to(clock.wall_now())
        assert clock.offset() > timedelta(days=2, hours=23)
        place.write_text('{"offset_seconds": 864000}')
        assert clock.offset() == timedelta(days=10)
    finally:
        clock.use_file(None)
    with pytest.raises(RuntimeError):
        clock.move_to(datetime(2030, 1, 1, tzinfo=UTC))


def test_frozen_time_stands_still() -> None:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    with clock.frozen(at):
        assert clock.business_now() == at
    assert clock.business_now() != at


def test_an_error_fills_its_message_and_survives_a_stray_percent() -> None:
    assert str(BadInput("x", "at most %(limit)s", limit=3)) == "at most 3"
    assert str(BadInput("x", "100% sure", limit=3)) == "100% sure"
    assert str(BadInput("only.a.code")) == "only.a.code"


def test_pages_are_counted_up() -> None:
    assert [Page([], total, 1, 50).pages for total in (0, 1, 50, 51)] == [1, 1, 1, 2]
