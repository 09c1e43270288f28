"""The log: once, in order, never behind a cursor."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.facts import api as facts
from siyu.facts.api import Fact, FactType, HandleContext, NewFact, Origin, Subscription
from siyu.foundation import api as foundation

AT = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Noted:
    number: int
    when: datetime | None = None


class Listener:
    """A subscriber that remembers, and fails where it is told to."""

    def __init__(self) -> None:
        self.seen: list[int] = []
        self.fail_on: set[int] = set()

    def __call__(self, batch: list[Fact], context: HandleContext) -> None:
        for fact in batch:
            if fact.payload.number in self.fail_on:
                raise ValueError(f"cannot take {fact.payload.number}")
        self.seen += [fact.payload.number for fact in batch]


LISTENER = Listener()


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    """A fact and two subscriptions of this test, beside the house's own."""
    before = [
        (registry, registry._frozen, dict(registry._items))
        for registry in (facts.CATALOGUE, facts.SUBSCRIPTIONS)
    ]
    for registry, *_rest in before:
        registry._frozen = False
    facts.CATALOGUE.register("test.noted", FactType("test.noted", 1, "tests", Noted, "Noted"))
    names = frozenset({"test.noted"})
    facts.SUBSCRIPTIONS.register("t.all", Subscription("t.all", names, LISTENER, backfill=True, batch=3))  # type: ignore[arg-type]
    LISTENER.seen, LISTENER.fail_on = [], set()
    yield
    for registry, frozen, items in before:
        registry._items, registry._frozen = items, frozen


def noted(number: int, **changes: object) -> NewFact:
    values: dict[str, object] = {
        "name": "test.noted",
        "payload": Noted(number),
        "occurred_at": AT,
        "subject_id": None,
        "source": "test",
        "external_id": str(number),
    }
    return NewFact(**{**values, **changes})  # type: ignore[arg-type]


@pytest.mark.django_db
def test_recording_twice_is_once() -> None:
    first = facts.record([noted(1), noted(2), noted(1)], at=AT)
    assert [value is not None for value in first] == [True, True, False]
    assert facts.record([noted(2), noted(3)], at=AT)[0] is None
    assert [fact.payload.number for fact in facts.read(names=["test.noted"])] == [1, 2, 3]


@pytest.mark.django_db
def test_a_cause_passes_on_origin_correlation_and_hops() -> None:
    facts.record([noted(1, origin=Origin.BACKFILL, payload=Noted(1, AT))], at=AT)
    [cause] = facts.read(names=["test.noted"])
    assert cause.payload.when == AT
    facts.record([noted(2, cause=cause)], at=AT)
    effect = facts.read(names=["test.noted"])[-1]
    assert (effect.origin, effect.causation_id, effect.hops) == (Origin.BACKFILL, cause.id, 1)
    assert effect.correlation_id == cause.correlation_id


@pytest.mark.django_db
def test_an_undeclared_name_or_foreign_payload_records_nothing() -> None:
    with pytest.raises(KeyError):
        facts.record([noted(1), noted(2, name="nobody.said")], at=AT)
    with pytest.raises(TypeError):
        facts.record([noted(1), noted(2, payload={"number": 2})], at=AT)
    assert facts.read(names=["test.noted"]) == []


@pytest.mark.django_db(transaction=True)
def test_a_fact_committed_late_is_not_skipped() -> None:
    """Sequence order is not commit order: the earlier id commits after the later one was delivered."""
    facts.install_cursors()
    held, release = threading.Event(), threading.Event()

    def slow() -> None:
        with foundation.transaction():
            facts.record([noted(1)], at=AT)
            held.set()
            release.wait(10)
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    held.wait(10)
    with foundation.transaction():
        facts.record([noted(2)], at=AT)
    facts.drain(at=AT, only=["t.all"])
    release.set()
    thread.join()
    facts.drain(at=AT, only=["t.all"])
    assert sorted(LISTENER.seen) == [1, 2]


@pytest.mark.django_db(transaction=True)
def test_a_failing_fact_stands_alone_and_can_be_replayed(caplog: pytest.LogCaptureFixture) -> None:
    facts.install_cursors()
    LISTENER.fail_on = {4}
    with foundation.transaction():
        facts.record([noted(number) for number in range(1, 8)], at=AT)
    facts.drain(at=AT, only=["t.all"])
    assert LISTENER.seen == [1, 2, 3, 5, 6, 7]
    [dead] = facts.list_dead()
    assert (dead.subscription, dead.error) == ("t.all", "ValueError: cannot take 4")
    [line] = [record for record in caplog.records if record.name == "siyu.facts"]
    assert (line.getMessage(), line.__dict__["fact_id"]) == ("fact failed", dead.fact_id)
    assert line.exc_info is not None and line.exc_info[1] is not None
    assert line.exc_info[1].__context__ is None
    with foundation.transaction():
        assert facts.replay_dead(dead.id, at=AT) is False
    LISTENER.fail_on = set()
    with foundation.transaction():
        assert facts.replay_dead(dead.id, at=AT) is True
    assert LISTENER.seen[-1] == 4
    assert facts.count_dead() == 0


@pytest.mark.django_db(transaction=True)
def test_subscribers_of_live_facts_start_now_and_never_see_backfill() -> None:
    facts.SUBSCRIPTIONS._frozen = False
    facts.SUBSCRIPTIONS.register(
        "t.live",
        Subscription("t.live", frozenset({"test.noted"}), LISTENER),  # type: ignore[arg-type]
    )
    with foundation.transaction():
        facts.record([noted(1)], at=AT)
    facts.install_cursors()
    with foundation.transaction():
        facts.record([noted(2, origin=Origin.BACKFILL), noted(3)], at=AT)
    facts.drain(at=AT, only=["t.live"])
    assert LISTENER.seen == [3]


@pytest.mark.django_db(transaction=True)
def test_history_is_passed_over_once_by_who_hears_only_what_is_live() -> None:
    facts.SUBSCRIPTIONS._frozen = False
    facts.SUBSCRIPTIONS.register(
        "t.live",
        Subscription("t.live", frozenset({"test.noted"}), LISTENER),  # type: ignore[arg-type]
    )
    facts.install_cursors()
    rounds = facts.Rounds(lambda subscription: subscription.name == "t.live")
    assert rounds.go(at=AT) == (0, True)
    with foundation.transaction():
        facts.record([noted(number, origin=Origin.BACKFILL) for number in range(5)], at=AT)
    assert rounds.go(at=AT) == (0, True)
    [(passed,)] = foundation.fetch(
        "SELECT max(e.tx) <= min(c.tx) FROM facts_event e, facts_events_cursor c WHERE c.subscription = 't.live'"
    )
    assert passed is True
    with foundation.transaction():
        facts.record([noted(7)], at=AT)
    assert rounds.go(at=AT)[0] == 1
    assert LISTENER.seen == [7]


@pytest.mark.django_db(transaction=True)
def test_two_workers_deliver_each_fact_once() -> None:
    facts.install_cursors()
    with foundation.transaction():
        facts.record([noted(number) for number in range(60)], at=AT)

    def work() -> None:
        facts.drain(at=AT, only=["t.all"])
        connection.close()

    threads = [threading.Thread(target=work) for _number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    facts.drain(at=AT, only=["t.all"])
    assert LISTENER.seen == list(range(60))


@pytest.mark.django_db
def test_a_chain_of_causes_without_end_is_stopped() -> None:
    facts.record([noted(0)], at=AT)
    for number in range(1, facts.MAX_HOPS + 1):
        facts.record([noted(number, cause=facts.read(names=["test.noted"])[-1])], at=AT)
    last = facts.read(names=["test.noted"])[-1]
    assert last.hops == facts.MAX_HOPS
    with pytest.raises(facts.FactLoop):
        facts.record([noted(99, cause=last)], at=AT)


@pytest.mark.django_db
def test_an_erasure_may_empty_a_payload_and_change_nothing_else() -> None:
    facts.record([noted(1)], at=AT)
    foundation.fetch("SELECT set_config('siyu.erasing', 'on', true)")
    with pytest.raises(Exception, match="immutable"), foundation.savepoint():
        foundation.execute("UPDATE facts_event SET payload = '{}', occurred_at = now()")
    assert foundation.execute("UPDATE facts_event SET payload = payload") == 1


@pytest.mark.django_db
def test_facts_are_immutable() -> None:
    facts.record([noted(1)], at=AT)
    with pytest.raises(Exception, match="immutable"), foundation.savepoint():
        foundation.execute("UPDATE facts_event SET name = 'x'")


@pytest.mark.django_db
def test_partitions_take_over_rows_of_the_default() -> None:
    # A time no other test has: tables made by a test that commits stay in the database that the next run finds.
    late = AT.replace(year=2090)
    facts.record([noted(1)], at=late)
    assert facts.ensure_partitions(at=late, months=1) == 2
    assert facts.ensure_partitions(at=late, months=1) == 0
    facts.record([noted(2)], at=late + timedelta(days=40))
    assert foundation.fetch("SELECT count(*) FROM facts_event_default") == [(0,)]
    assert len(facts.read(names=["test.noted"])) == 2


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(st.integers(0, 20), max_size=6), max_size=6))
@pytest.mark.django_db(transaction=True)
def test_any_batching_with_repeats_delivers_each_once(batches: list[list[int]]) -> None:
    foundation.execute("TRUNCATE facts_event, facts_event_key, facts_events_cursor")
    LISTENER.seen = []
    facts.install_cursors()
    for batch in batches:
        with foundation.transaction():
            facts.record([noted(number) for number in batch], at=AT)
        facts.drain(at=AT, only=["t.all"])
    assert sorted(LISTENER.seen) == sorted({number for batch in batches for number in batch})
