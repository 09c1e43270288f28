"""Hold-outs: drawn once, the same in any order, none where the audience is too small."""

from __future__ import annotations

import random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.customers import api as customers
from siyu.records.goals import api as goals
from tests.records.people import AT, LEAD, all_rows, at_once, hours

EVERYBODY = range(1, 5001)


@pytest.mark.django_db
def test_a_share_is_held_out_once_and_for_good() -> None:
    with CaptureQueriesContext(connection) as queries:
        arms = goals.assign_holdout("journey:1", EVERYBODY, 100_000, at=AT)
    assert len(queries) <= 7
    held = sum(arm is goals.Arm.HOLDOUT for arm in arms.values())
    assert 400 <= held <= 600  # 500 expected, five standard deviations are 106
    assert set(arms.values()) == {goals.Arm.HOLDOUT, goals.Arm.TREATED}
    before = all_rows()
    shuffled = random.Random(3).sample(EVERYBODY, 5000)
    assert goals.assign_holdout("journey:1", shuffled, 500_000, at=hours(1), minimum_audience=10**6) == arms
    assert all_rows() == before
    counts = goals.holdout_counts("journey:1")
    assert (counts.treated, counts.holdout, counts.no_holdout, counts.enough) == (5000 - held, held, 0, True)
    assert goals.arms_of("journey:1", [1, 9999]) == {1: arms[1]}


@pytest.mark.django_db
def test_the_draw_does_not_depend_on_order_and_differs_between_holdouts() -> None:
    whole = goals.assign_holdout("a", EVERYBODY, 200_000, at=AT)
    parts: dict[int, goals.Arm] = {}
    with foundation.transaction():
        foundation.execute("DELETE FROM records_goals_holdoutassignment")
    for start in random.Random(5).sample(range(0, 5000, 500), 10):
        parts |= goals.assign_holdout(
            "a", EVERYBODY[start : start + 500], 200_000, at=hours(1), audience=5000
        )
    assert parts == whole
    other = goals.assign_holdout("b", EVERYBODY, 200_000, at=AT)
    both = sum(whole[n] is goals.Arm.HOLDOUT and other[n] is goals.Arm.HOLDOUT for n in EVERYBODY)
    assert 120 <= both <= 290  # independent draws: 200 expected


@pytest.mark.django_db
def test_below_the_minimum_nobody_is_held_out() -> None:
    small = goals.assign_holdout("s", range(1, 1000), 500_000, at=AT)
    assert set(small.values()) == {goals.Arm.NO_HOLDOUT}
    assert not goals.holdout_counts("s").enough
    grown = goals.assign_holdout("s", range(900, 1200), 500_000, at=hours(1))
    assert {grown[n] for n in range(900, 1000)} == {goals.Arm.NO_HOLDOUT}
    assert {grown[n] for n in range(1000, 1200)} == {goals.Arm.TREATED, goals.Arm.HOLDOUT}
    foundation.set_setting("goals.minimum_audience", 10, at=AT, by=LEAD)
    assert goals.Arm.NO_HOLDOUT not in goals.assign_holdout("t", range(1, 11), 500_000, at=AT).values()
    assert goals.assign_holdout("t", [], 500_000, at=AT) == {}


@pytest.mark.django_db
def test_shares_at_the_edges() -> None:
    none = goals.assign_holdout("none", EVERYBODY, 0, at=AT)
    everyone = goals.assign_holdout("all", EVERYBODY, 1_000_000, at=AT)
    assert (set(none.values()), set(everyone.values())) == ({goals.Arm.TREATED}, {goals.Arm.HOLDOUT})
    before = all_rows()
    for share in (-1, 1_000_001):
        with pytest.raises(BadInput):
            goals.assign_holdout("x", [1], share, at=AT)
    assert all_rows() == before


@pytest.mark.django_db(transaction=True)
def test_workers_at_once_agree() -> None:
    ids = list(range(1, 301))
    orders = [ids, ids[::-1], ids[100:] + ids[:100], ids] * 2
    results = at_once(
        *[
            lambda o=order, n=n: goals.assign_holdout("w", o, 500_000, at=AT, minimum_audience=n)  # type: ignore[misc]
            for n, order in zip([1, 10**6] * 4, orders, strict=True)
        ]
    )
    stored = goals.arms_of("w", ids)
    assert all(result == stored for result in results)


@pytest.mark.django_db
def test_a_person_held_out_before_a_merge_stays_held_out() -> None:
    refs = [customers.IdentityRef("member_no", str(n), "m") for n in range(40)]
    ids = [who.customer_id or 0 for who in customers.identify(refs, at=AT, source="test")]
    arms = goals.assign_holdout("journey:9", ids[:20], 500_000, at=AT, minimum_audience=0)
    for first, second in zip(ids[:20], ids[20:], strict=True):
        customers.merge(second, first, at=hours(1), by=foundation.SYSTEM)
    again = goals.assign_holdout("journey:9", ids[20:], 500_000, at=hours(2), minimum_audience=0)
    assert list(again.values()) == list(arms.values())
    assert set(arms.values()) == {goals.Arm.HOLDOUT, goals.Arm.TREATED}


@pytest.mark.django_db
def test_a_person_drawn_while_merged_keeps_the_arm_when_the_merge_is_undone() -> None:
    refs = [customers.IdentityRef("member_no", str(n), "m") for n in range(40)]
    ids = [who.customer_id or 0 for who in customers.identify(refs, at=AT, source="test")]
    merges = [
        customers.merge(kept, gone, at=hours(1), by=foundation.SYSTEM)
        for kept, gone in zip(ids[:20], ids[20:], strict=True)
    ]
    during = goals.assign_holdout("journey:9", ids[:20], 500_000, at=hours(2), minimum_audience=0)
    for merge in merges:
        customers.undo_merge(merge, at=hours(3), by=foundation.SYSTEM)
    apart = goals.assign_holdout("journey:9", ids[20:], 500_000, at=hours(4), minimum_audience=0)
    assert list(apart.values()) == list(during.values())
    assert set(during.values()) == {goals.Arm.HOLDOUT, goals.Arm.TREATED}
    # What the other one is drawn into once they are two again is no affair of this one.
    kept = goals.assign_holdout("journey:10", ids[:20], 500_000, at=hours(4), minimum_audience=0)
    gone = goals.assign_holdout("journey:10", ids[20:], 500_000, at=hours(5), minimum_audience=0)
    assert list(kept.values()) != list(gone.values())
