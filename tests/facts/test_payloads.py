"""Payloads from outside are checked to the field; stored ones are trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from siyu.facts import api as facts
from siyu.kit.errors import BadInput


@dataclass(frozen=True)
class Line:
    sku: str
    amount: int


@dataclass(frozen=True)
class Reported:
    order_no: str
    paid_at: datetime
    lines: list[Line]
    clerk: str | None = None
    tags: tuple[str, ...] = field(default=())


GOOD = {
    "order_no": "A1",
    "paid_at": "2026-03-01T12:00:00+08:00",
    "lines": [{"sku": "r1", "amount": 100}],
    "tags": ["vip"],
}


def test_a_payload_survives_the_round_trip() -> None:
    value = facts.load_payload(Reported, GOOD, strict=True)
    assert value == Reported("A1", datetime(2026, 3, 1, 4, tzinfo=UTC), [Line("r1", 100)], None, ("vip",))
    assert facts.load_payload(Reported, __import__("json").loads(facts.dump_payload(value))) == value


@pytest.mark.parametrize(
    ("_case", "change", "code", "field_name"),
    [
        ("missing", {"order_no": ...}, "event.missing_field", "order_no"),
        ("unknown", {"colour": 1}, "event.unknown_field", "colour"),
        (
            "text for a number",
            {"lines": [{"sku": "r", "amount": "1"}]},
            "event.wrong_type",
            "lines[0].amount",
        ),
        (
            "truth for a number",
            {"lines": [{"sku": "r", "amount": True}]},
            "event.wrong_type",
            "lines[0].amount",
        ),
        ("nested missing", {"lines": [{"sku": "r"}]}, "event.missing_field", "lines[0].amount"),
        ("number for text", {"order_no": 7}, "event.wrong_type", "order_no"),
        ("no zone", {"paid_at": "2026-03-01T12:00:00"}, "event.naive_time", "paid_at"),
        ("no time", {"paid_at": "yesterday"}, "event.wrong_type", "paid_at"),
        ("not a list", {"lines": {}}, "event.wrong_type", "lines"),
        ("NUL", {"order_no": "a\x00b"}, "event.wrong_type", "order_no"),
        ("huge", {"order_no": "a" * 10_001}, "event.wrong_type", "order_no"),
        ("huge number", {"lines": [{"sku": "r", "amount": 2**63}]}, "event.wrong_type", "lines[0].amount"),
    ],
)
def test_bad_payloads_name_the_field(
    _case: str, change: dict[str, object], code: str, field_name: str
) -> None:
    data = {key: value for key, value in {**GOOD, **change}.items() if value is not ...}
    with pytest.raises(BadInput) as caught:
        facts.load_payload(Reported, data, strict=True)
    assert (caught.value.code, caught.value.params["field"]) == (code, field_name)


def test_stored_payloads_may_have_fields_that_are_gone() -> None:
    assert facts.load_payload(Line, {"sku": "r", "amount": 1, "old": 2}) == Line("r", 1)
