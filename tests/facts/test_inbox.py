"""The inbox: raw messages once each, whatever the sender does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from siyu.facts import api as facts
from siyu.facts.inbox.operations import purge_inbox
from siyu.foundation import api as foundation

AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)
SEEN: list[bytes] = []


def handle(batch: list[facts.InboxItem], context: facts.InboxContext) -> None:
    for item in batch:
        if item.body == b"poison":
            raise ValueError("cannot read")
    SEEN.extend(item.body for item in batch)


@pytest.fixture(autouse=True)
def source() -> Iterator[None]:
    """One source family of this test."""
    registry = facts.SOURCES
    before, frozen = dict(registry._items), registry._frozen
    registry._frozen = False
    registry.register("t:", facts.InboxSource("t:", handle, batch=4))  # type: ignore[arg-type]
    SEEN.clear()
    yield
    registry._items, registry._frozen = before, frozen


@pytest.mark.django_db(transaction=True)
def test_eight_deliveries_at_once_are_stored_once() -> None:
    answers: list[bool] = []

    def send() -> None:
        answers.append(facts.receive("t:corp", "k1", b"hello", received_at=AT))
        connection.close()

    threads = [threading.Thread(target=send) for _number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]
    assert facts.drain_inbox(at=AT) == 1
    assert facts.drain_inbox(at=AT) == 0
    assert SEEN == [b"hello"]


@pytest.mark.django_db(transaction=True)
def test_a_message_nobody_understands_stands_alone() -> None:
    for number, body in enumerate([b"a", b"poison", b"b", b"c", b"d"]):
        facts.receive("t:corp", str(number), body, received_at=AT)
    facts.drain_inbox(at=AT, max_batches=5)
    assert sorted(SEEN) == [b"a", b"b", b"c", b"d"]
    [dead] = facts.list_inbox_dead()
    assert dead.error == "ValueError: cannot read"
    assert facts.inbox_counts("t:") == facts.InboxCounts(received=5, waiting=0, done=4, dead=1)
    facts.replay_inbox(dead.id)
    assert facts.inbox_pending(at=AT) == 1


@pytest.mark.django_db
def test_bodies_are_sealed_at_rest() -> None:
    facts.receive("t:corp", "k", b"phone 13800000000", received_at=AT)
    [(body,)] = foundation.fetch("SELECT body FROM facts_inbox_rawmessage WHERE key = 'k'")
    assert b"13800000000" not in bytes(body)


@pytest.mark.django_db
def test_bodies_of_long_ago_are_emptied_in_parts_and_their_keys_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("siyu.facts.inbox.operations.PURGE_PART", 2)
    for number in range(6):
        facts.receive("test:x", f"k{number}", b"body", received_at=AT)
    old, young = AT - timedelta(days=31), AT - timedelta(days=29)
    foundation.execute(
        "UPDATE facts_inbox_rawmessage SET state = 'done', done_at = CASE WHEN key = 'k5' THEN %s ELSE %s END"
        " WHERE key <> 'k4'",
        [young, old],
    )
    assert purge_inbox(wall=AT) == 4
    assert purge_inbox(wall=AT) == 0
    rows = foundation.fetch("SELECT key, body IS NULL FROM facts_inbox_rawmessage ORDER BY key")
    assert rows == [("k0", True), ("k1", True), ("k2", True), ("k3", True), ("k4", False), ("k5", False)]
