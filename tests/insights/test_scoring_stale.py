"""The pass that finds whose scores are stale agrees with the rules for anybody, whatever their orders and the day."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from siyu.foundation import api as foundation
from siyu.insights.scoring import api as scoring
from siyu.insights.scoring.operations import FLIPS, stale_ids, windows
from siyu.insights.scoring.queries import current_snapshot
from siyu.insights.scoring.rules import quintile, stage_of

AT = datetime(2026, 6, 1, 4, tzinfo=UTC)
PEOPLE = 400


def _fill(seed: int) -> None:
    """Cards with every kind of history, on the edges of the windows too."""
    chance = random.Random(seed)
    for number in range(1, PEOPLE + 1):
        orders = chance.choice((0, 1, 1, 2, 3, 9))
        span = chance.choice((30, 90, 180, 365, chance.randint(0, 500)))
        last = AT - timedelta(days=span, seconds=chance.choice((-1, 0, 0, 1)))
        first = last if orders == 1 else last - timedelta(days=chance.choice((0, 1, 29, 30, 31, 200)))
        foundation.execute(
            "INSERT INTO insights_cards_card (customer_id, name, avatar, phone_masked, friend_count, tags, channel, stage, orders,"
            " spent_total, refunded_total, net_total, first_order_at, last_order_at, points_balance, created_at)"
            " VALUES (%s, '', '', '', 0, '{}', '', '', %s, 0, 0, %s, %s, %s, 0, %s)",
            [
                number,
                orders,
                chance.randint(0, 50) * 100,
                first if orders else None,
                last if orders else None,
                AT,
            ],
        )


def _wrong(at: datetime) -> set[int]:
    """Whose card or next flip is not what the rules say, by the rules themselves."""
    snapshot, spans = current_snapshot(), windows(at=at)
    cuts = snapshot.thresholds if snapshot else None
    found = set()
    for who, orders, first, last, net, *kept in foundation.fetch(
        f"SELECT c.customer_id, orders, first_order_at, last_order_at, net_total, stage, stage_since, r, f, m, due_at"
        f" FROM insights_cards_card c LEFT JOIN {FLIPS} USING (customer_id)"
    ):
        standing = stage_of(orders, first, last, at=at, windows=spans)
        marks: list[int | None] = [None, None, None]
        if cuts is not None and orders:
            marks = [
                quintile(last, cuts.recency),
                quintile(orders, cuts.frequency),
                quintile(net, cuts.monetary),
            ]
        if kept != [standing.stage.value, standing.since, *marks, standing.flips_at]:
            found.add(who)
    return found


def _found(at: datetime) -> set[int]:
    snapshot = current_snapshot()
    cuts = snapshot.thresholds if snapshot else None
    return {who for part in stale_ids(cuts, windows(at=at), FLIPS, at=at, size=7) for who in part}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_those_found_stale_are_those_the_rules_would_change(seed: int) -> None:
    _fill(seed)
    assert _found(AT) == _wrong(AT) == set(range(1, PEOPLE + 1))
    report = scoring.rescore(at=AT)
    assert (report.customers, _found(AT), _wrong(AT)) == (PEOPLE, set(), set())
    taken = scoring.take_snapshot(at=AT)
    assert taken.thresholds is not None and _found(AT) == _wrong(AT) == set()
    for later in (AT + timedelta(seconds=1), AT + timedelta(days=30), AT + timedelta(days=400)):
        assert 0 < len(_wrong(later)) < PEOPLE
        assert _found(later) == _wrong(later)
    foundation.execute(
        "UPDATE insights_cards_card SET net_total = net_total + 900 WHERE customer_id %% 3 = 0"
    )
    foundation.execute(f"DELETE FROM {FLIPS} WHERE customer_id %% 5 = 0")
    assert _found(AT) == _wrong(AT) != set()
    foundation.set_setting("stage.active_days", 40, at=AT, by=foundation.SYSTEM)
    assert _found(AT) == _wrong(AT)
    scoring.take_snapshot(at=AT)
    assert _found(AT) == _wrong(AT) == set()
