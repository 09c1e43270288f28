"""POST /api/v1/events: each event for itself, exactly once, or a clear refusal that changes nothing."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.foundation.api import Role
from siyu.kit import clock
from siyu.records.commerce import api as commerce
from siyu.records.staff import api as staff

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


def make_key(role: Role = Role.OPERATOR, scopes: tuple[str, ...] = ("all",)) -> str:
    return foundation.create_api_key(name="test", role=role, scopes=scopes, at=AT, by=foundation.SYSTEM)[1]


def viewed(number: int, **changes: object) -> dict[str, Any]:
    return {
        "id": f"v{number}",
        "name": "page.viewed",
        "occurred_at": clock.wall_now().isoformat(),
        "identity": {"kind": "phone", "value": f"1380000{number:04d}"},
        "payload": {"url": "https://shop.example/ring", "title": "戒指"},
        **changes,
    }


def post(key: str, body: object, **headers: str) -> Any:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return Client(headers={"Authorization": f"Bearer {key}"} if key else {}).post(
        "/api/v1/events", data=text, content_type="application/json", headers=headers
    )


def recorded() -> list[str]:
    return [fact.external_id for fact in facts.read(names=["page.viewed"])]


def test_accepted_duplicate_and_rejected_side_by_side() -> None:
    key = make_key()
    assert post(key, {"events": [viewed(1)]}).json()["accepted"] == 1
    answer = post(
        key,
        {
            "events": [
                viewed(1),
                viewed(2),
                viewed(2),
                viewed(3, name="order.paid"),
                viewed(4, payload={"url": 7}),
            ]
        },
    )
    assert answer.status_code == 200
    body = answer.json()
    assert [(entry["id"], entry["status"]) for entry in body["results"]] == [
        ("v1", "duplicate"),
        ("v2", "accepted"),
        ("v2", "duplicate"),
        ("v3", "rejected"),
        ("v4", "rejected"),
    ]
    assert (body["accepted"], body["duplicate"], body["rejected"]) == (1, 2, 2)
    assert [entry["error"] for entry in body["results"][3:]] == ["event.unknown_name", "event.wrong_type"]
    assert recorded() == ["v1", "v2"]


def test_a_person_not_known_yet_becomes_a_subject() -> None:
    post(
        make_key(),
        {"events": [viewed(1, identity={"kind": "openid", "value": "o-1"}), viewed(2, identity=None)]},
    )
    first, second = facts.read(names=["page.viewed"])
    assert first.subject_id is not None
    assert second.subject_id is None


def test_ids_of_two_senders_do_not_collide() -> None:
    for _sender in range(2):
        assert post(make_key(), {"events": [viewed(1)]}).json()["accepted"] == 1


@pytest.mark.parametrize(
    ("_case", "change", "code"),
    [
        ("time zone missing", {"occurred_at": "2026-03-01T12:00:00"}, "event.naive_time"),
        ("future", {"occurred_at": (clock.wall_now() + timedelta(days=1)).isoformat()}, "event.time"),
        ("masked phone", {"identity": {"kind": "phone", "value": "138****0000"}}, "identity.masked"),
        ("unknown identity", {"identity": {"kind": "dna", "value": "x"}}, "identity.unknown_kind"),
        ("unknown field", {"payload": {"url": "u", "x": 1}}, "event.unknown_field"),
        ("NUL in id", {"id": "a\x00"}, "event.id"),
        ("emoji flood", {"payload": {"url": "u", "title": "💍" * 10_001}}, "event.wrong_type"),
    ],
)
def test_a_bad_event_is_rejected_alone(_case: str, change: dict[str, object], code: str) -> None:
    body = post(make_key(), {"events": [viewed(1), viewed(2, **change)]}).json()
    assert [entry["status"] for entry in body["results"]] == ["accepted", "rejected"]
    assert body["results"][1]["error"] == code
    assert body["results"][1]["message"]
    assert recorded() == ["v1"]


def order_paid_at(number: int, moment: str) -> dict[str, Any]:
    payload = {
        "source": "pos",
        "order_no": f"A{number}",
        "paid_at": moment,
        "lines": [{"line_no": 1, "sku": "K1", "name": "项链", "quantity": 1, "amount": 26_800}],
    }
    return viewed(number, name="trade.order_reported", payload=payload)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00"])
def test_a_moment_that_no_calendar_holds_is_refused_and_stops_nobody(moment: str) -> None:
    """Kept, it could never be read again: neither the order nor the log behind it."""
    facts.install_cursors()
    events = [order_paid_at(1, moment), order_paid_at(2, clock.wall_now().isoformat())]
    body = post(make_key(), {"events": events}).json()
    assert [entry["status"] for entry in body["results"]] == ["rejected", "accepted"]
    assert (body["results"][0]["error"], body["results"][0]["field"]) == ("event.wrong_type", "paid_at")
    facts.drain(at=clock.business_now())
    assert [order.order_no for order in commerce.orders(staff.EVERYTHING).items] == ["A2"]
    assert not any(facts.lag().values())


@pytest.mark.parametrize(
    ("_case", "body", "status", "code"),
    [
        ("not JSON", "{", 422, "request.malformed"),
        ("empty", "", 422, "request.invalid"),
        ("not UTF-8", b"\xff\xfe", 422, "request.malformed"),
        ("no list", {"events": {}}, 422, "request.invalid"),
        ("empty list", {"events": []}, 422, "request.invalid"),
        (
            "too many",
            {"events": [{"id": str(n), "name": "page.viewed"} for n in range(1001)]},
            422,
            "request.invalid",
        ),
        ("extra key", {"events": [viewed(1)], "x": 1}, 422, "request.invalid"),
        ("too large", {"events": [viewed(1)], "x": "a" * 9_000_000}, 413, "request.too_large"),
    ],
)
def test_a_bad_request_changes_nothing(_case: str, body: object, status: int, code: str) -> None:
    answer = post(make_key(), body)
    assert (answer.status_code, answer.json()["error"]) == (status, code)
    assert answer.json()["message"]
    assert recorded() == []


@pytest.mark.parametrize(
    ("_case", "role", "status"),
    [("clerk", Role.CLERK, 403), ("analyst", Role.ANALYST, 403), ("operator", Role.OPERATOR, 200)],
)
def test_a_key_needs_a_role_that_may_write(_case: str, role: Role, status: int) -> None:
    assert post(make_key(role), {"events": [viewed(1)]}).status_code == status
    assert recorded() == (["v1"] if status == 200 else [])


def test_strangers_and_revoked_keys_are_refused() -> None:
    key = make_key()
    foundation.revoke_api_key(foundation.list_api_keys()[0].id, at=AT, by=foundation.SYSTEM)
    for text in ("", "siyu_wrong", key):
        answer = post(text, {"events": [viewed(1)]})
        assert (answer.status_code, answer.json()["error"]) == (401, "api.key")
    assert recorded() == []


def test_errors_are_in_the_readers_language() -> None:
    answer = post("", {}, **{"Accept-Language": "zh-hans"})
    assert "密钥" in answer.json()["message"]


def test_an_idempotency_key_replays_the_first_answer() -> None:
    key = make_key()
    header = {"Idempotency-Key": "once"}
    first = post(key, {"events": [viewed(1)]}, **header)
    again = post(key, {"events": [viewed(1)]} | {}, **header)
    assert again.headers.get("Idempotency-Replayed") is None or again.json() == first.json()
    body = json.dumps({"events": [viewed(2)]})
    assert post(key, body, **{"Idempotency-Key": "two"}).json()["accepted"] == 1
    replay = post(key, body, **{"Idempotency-Key": "two"})
    assert (replay.json()["accepted"], replay.headers["Idempotency-Replayed"]) == (1, "true")
    other = post(key, {"events": [viewed(3)]}, **{"Idempotency-Key": "two"})
    assert (other.status_code, other.json()["error"]) == (422, "idempotency.other_call")
    assert "v3" not in recorded()


@pytest.mark.django_db(transaction=True)
def test_eight_identical_calls_at_once_have_one_effect() -> None:
    key = make_key()
    body = json.dumps({"events": [viewed(1)]})
    answers: list[int] = []

    def send() -> None:
        answers.append(post(key, body, **{"Idempotency-Key": "same"}).json()["accepted"])
        connection.close()

    threads = [threading.Thread(target=send) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [1] * 8
    assert recorded() == ["v1"]


def test_unknown_routes_and_ids_are_json_404() -> None:
    client = Client(headers={"Authorization": f"Bearer {make_key()}"})
    for path in ("/api/v1/", "/api/v1/nothing", "/api/v1/customers/999999", "/api/v1/segments/999/members"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.json()["message"]
    assert client.get("/api/v1/customers/abc").status_code == 422


def test_bodies_are_read_as_json_says_whoever_reads_them() -> None:
    key = make_key()
    text = json.dumps({"events": [viewed(1)]}, ensure_ascii=False)
    assert post(key, b"\xef\xbb\xbf" + text.encode()).json()["accepted"] == 1  # with a byte order mark
    assert post(key, text.encode("utf-16")).json()["duplicate"] == 1
    assert post(key, text.encode()[:-1]).status_code == 422
    assert recorded() == ["v1"]


def test_half_of_a_pair_is_no_text() -> None:
    """JSON can write half of a surrogate pair; nobody can store it."""
    bad = viewed(1, payload={"url": "https://shop.example/\ud83d", "title": "x"})
    answer = post(make_key(), {"events": [bad, viewed(2)]}).json()
    assert [(entry["status"], entry["field"]) for entry in answer["results"]] == [
        ("rejected", "url"),
        ("accepted", None),
    ]
    assert recorded() == ["v2"]
