"""Whatever order facts come in and however often: decisions at most once, and none missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.records.staff import api as staff
from tests.actions.world import NOON, Someone, people
from tests.decisions.journey_world import define, path, runs, start, tag, wait

HOURS = (0, 5, 30, 80, 100)


def recorded(crowd: list[Someone]) -> list[facts.Fact]:
    payload = facts.CATALOGUE.get("page.viewed").payload
    facts.record(
        [
            facts.NewFact(
                "page.viewed",
                payload(url="/a"),
                NOON + timedelta(hours=hour),
                who.subject_id,
                "test",
                f"{who.subject_id}:{hour}",
            )
            for who in crowd
            for hour in HOURS
        ],
        at=NOON,
    )
    return facts.read(names=["page.viewed"], limit=100)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_disorder_and_repeats_change_nothing(data: st.DataObject) -> None:
    """Three people, five facts each, told in any order, in any batches, some several times."""
    with transaction.atomic():
        crowd = people(3)
        journey_id = start(define(tag("a", "x"), wait("w", days=1), tag("b", "y"), fact="page.viewed"))
        all_facts = recorded(crowd)
        owners = {who.subject_id: who.customer_id for who in crowd}
        heard = data.draw(st.lists(st.sampled_from(all_facts), min_size=1, max_size=40))
        seen = {fact.id: fact for fact in heard}.values()
        sizes = data.draw(st.lists(st.integers(1, 7), min_size=40, max_size=40))
        at = NOON + timedelta(hours=110)  # the facts of hours 0, 5 and 30 became known too late
        while heard:
            size = sizes.pop()
            batch, heard_rest = heard[:size], heard[size:]
            journeys.enter(batch, owners, at=at)
            journeys.advance(at=at, limit=2)
            heard = heard_rest
        for moment in (at, at + timedelta(days=2)):  # all take their first step before anybody's day is over
            while journeys.advance(at=moment).people:
                pass
        fresh = {fact.subject_id for fact in seen if fact.occurred_at >= at - timedelta(hours=72)}
        found = runs(journey_id)
        assert sorted(run.customer_id for run in found) == sorted(owners[subject or 0] for subject in fresh)
        assert [path(run) for run in found] == [["a:done", "w:waited", "b:done"]] * len(found)
        view = journeys.get_journey(journey_id)
        # Every fact that was heard either let somebody in or is noted with its reason.
        assert view.entered + view.skipped == len(seen)
        reasons = [skip.reason for skip in journeys.skips(journey_id, scope=staff.EVERYTHING).items]
        old = [fact for fact in seen if fact.occurred_at < at - timedelta(hours=72)]
        assert reasons.count(journeys.SkipReason.TOO_OLD) == len(old)
        transaction.set_rollback(True)
