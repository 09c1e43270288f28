"""A restored log has transaction ids of the new server, and every cursor stands where it stood."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.config.backup.renumber import renumber
from siyu.foundation import api as foundation

NOON = datetime(2026, 5, 1, 4, tzinfo=UTC)
FAR = 10**12  # no server has come so far: such ids are those of another one
END = 2**63 - 1
NAMES = "id, tx, name, version, payload, occurred_at, recorded_at, origin, source, external_id, correlation_id, hops"
REST = "'x', 1, '{}', %s, %s, 'live', 's', n::text, '', 0"

Pair = tuple[int, int]


def put(order: list[int], cursors: list[Pair]) -> None:
    """Facts 1, 2, 3 … with these transaction ids, and cursors."""
    foundation.execute("DELETE FROM facts_event")
    foundation.execute("DELETE FROM facts_events_cursor")
    for number, tx in enumerate(order, start=1):
        foundation.execute(
            "INSERT INTO facts_event (id, tx, name, version, payload, occurred_at, recorded_at, origin, source,"
            " external_id, correlation_id, hops) VALUES (%s, %s, 'x', 1, '{}', %s, %s, 'live', 's', %s, '', 0)",
            [number, FAR + tx, NOON, NOON, str(number)],
        )
    for number, (tx, fact_id) in enumerate(cursors):
        foundation.execute(
            "INSERT INTO facts_events_cursor (subscription, shard, tx, fact_id, updated_at) VALUES (%s, 0, %s, %s, %s)",
            [str(number), FAR + tx, fact_id, NOON],
        )


def put_next(number: int) -> None:
    """A fact recorded in the transaction that renumbers, as a restore does when it erases somebody again."""
    foundation.execute(
        f"INSERT INTO facts_event ({NAMES}) SELECT n, pg_current_xact_id()::text::bigint, {REST} FROM (SELECT %s AS n) n",
        [NOON, NOON, number],
    )


def waiting() -> dict[str, list[int]]:
    """Facts that each subscription has still to hear, in order."""
    found: dict[str, list[int]] = {
        name: [] for (name,) in foundation.fetch("SELECT subscription FROM facts_events_cursor")
    }
    for name, fact_id in foundation.fetch(
        "SELECT c.subscription, e.id FROM facts_events_cursor c JOIN facts_event e ON (e.tx, e.id) > (c.tx, c.fact_id)"
        " ORDER BY e.tx, e.id"
    ):
        found[name].append(fact_id)
    return found


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    order=st.lists(st.integers(1, 8), min_size=1, max_size=14),
    cursors=st.lists(
        st.tuples(st.integers(0, 9), st.one_of(st.integers(0, 15), st.just(END))), min_size=1, max_size=5
    ),
)
def test_what_each_subscription_waits_for_stays_and_keeps_its_order(
    order: list[int], cursors: list[Pair]
) -> None:
    with foundation.transaction():
        put(order, cursors)
        before = waiting()
        renumber()
        assert waiting() == before
        put_next(len(order) + 1)
        assert waiting() == {name: [*rest, len(order) + 1] for name, rest in before.items()}
        foundation.execute("DROP TABLE restored_order")


@pytest.mark.django_db
def test_a_log_with_more_runs_than_the_new_server_has_transactions() -> None:
    [(now,)] = foundation.fetch("SELECT pg_current_xact_id()::text::bigint")
    foundation.execute("DELETE FROM facts_event")
    foundation.execute(
        f"INSERT INTO facts_event ({NAMES}) SELECT 10000000 - n, n, {REST} FROM generate_series(1, %s) n",
        [NOON, NOON, now + 5],
    )
    foundation.execute("DELETE FROM facts_events_cursor")
    foundation.execute(
        "INSERT INTO facts_events_cursor (subscription, shard, tx, fact_id, updated_at) VALUES ('0', 0, %s, %s, %s)",
        [now + 4, END, NOON],
    )
    assert renumber() == now + 5
    put_next(20_000_000)
    assert waiting() == {"0": [10_000_000 - now - 5, 20_000_000]}
