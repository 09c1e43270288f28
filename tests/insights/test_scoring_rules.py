"""Quintiles and stages by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from siyu.insights.scoring import rules
from siyu.insights.scoring.contracts import Stage, Windows

T0 = datetime(2026, 1, 1, tzinfo=UTC)
SPANS = Windows(30, 90, 180, 365)


def at_day(days: float) -> datetime:
    return T0 + timedelta(days=days)


def test_cut_points_are_the_ends_of_fifths() -> None:
    assert rules.cut_points(list(range(10, 0, -1))) == (2, 4, 6, 8)
    assert rules.cut_points([5]) == (5, 5, 5, 5)
    assert rules.cut_points([1, 1, 1, 1, 1, 1, 2, 3, 4, 9]) == (1, 1, 1, 3)


def test_ties_share_a_score_and_may_leave_scores_unused() -> None:
    cuts = rules.cut_points([1, 1, 1, 1, 1, 1, 2, 3, 4, 9])
    assert [rules.quintile(v, cuts) for v in (0, 1, 2, 3, 4, 9, 99)] == [1, 1, 4, 4, 5, 5, 5]


@given(st.lists(st.integers(-5, 50), min_size=1, max_size=60))
def test_scores_rise_with_values_and_split_evenly_where_values_differ(values: list[int]) -> None:
    cuts = rules.cut_points(values)
    scores = [rules.quintile(v, cuts) for v in sorted(values)]
    assert scores == sorted(scores)
    assert set(scores) <= {1, 2, 3, 4, 5}
    if len(set(values)) == len(values) and len(values) % 5 == 0:
        assert [scores.count(s) for s in (1, 2, 3, 4, 5)] == [len(values) // 5] * 5


@pytest.mark.parametrize(
    ("day", "stage", "since", "flip"),
    [
        (0, Stage.NEW, 0, 30),
        (29.99, Stage.NEW, 0, 30),
        (30, Stage.ACTIVE, 30, 100),
        (99.99, Stage.ACTIVE, 30, 100),
        (100, Stage.AT_RISK, 100, 190),
        (190, Stage.DORMANT, 190, 375),
        (375, Stage.LOST, 375, None),
        (9999, Stage.LOST, 375, None),
    ],
)
def test_stages_by_the_day(day: float, stage: Stage, since: float, flip: float | None) -> None:
    """First order on day 0, last on day 10."""
    found = rules.stage_of(2, at_day(0), at_day(10), at=at_day(day), windows=SPANS)
    assert found == rules.Standing(stage, at_day(since), None if flip is None else at_day(flip))


def test_without_orders_a_prospect_for_ever() -> None:
    assert rules.stage_of(0, None, None, at=at_day(5), windows=SPANS) == rules.Standing(
        Stage.PROSPECT, None, None
    )


@given(st.integers(0, 400), st.integers(0, 800))
def test_the_stage_holds_until_its_flip_and_changes_there(last: int, day: int) -> None:
    found = rules.stage_of(2, at_day(0), at_day(last), at=at_day(day), windows=SPANS)
    if found.flips_at is not None:
        just_before = found.flips_at - timedelta(microseconds=1)
        assert rules.stage_of(2, at_day(0), at_day(last), at=just_before, windows=SPANS).stage is found.stage
        after = rules.stage_of(2, at_day(0), at_day(last), at=found.flips_at, windows=SPANS)
        assert (after.stage, after.since) != (found.stage, found.since)


def test_windows_must_increase() -> None:
    assert rules.is_increasing(SPANS)
    assert not rules.is_increasing(Windows(30, 30, 180, 365))
