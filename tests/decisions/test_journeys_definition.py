"""Definitions: every mistake is named by its place; a published version never changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from siyu.decisions.journeys import api as journeys
from siyu.decisions.journeys.defaults import WELCOME
from siyu.decisions.journeys.rules.waiting import wait_over
from siyu.kit.errors import BadInput, Conflict, NotFound
from tests.actions.world import NOON
from tests.decisions.journey_world import BY, define, start, tag, wait

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"steps": []}, "steps"),
        ({"entry": {"fact": "no.such"}}, "entry.fact"),
        ({"entry": {"fact": "segment.entered"}}, "entry.where"),
        ({"entry": {"fact": "order.paid", "max_age_hours": 0}}, "entry.max_age_hours"),
        ({"reentry": {"days": 0}}, "reentry.days"),
        ({"exit_on": ["no.such"]}, "exit_on"),
        ({"extra": 1}, "extra"),
        ({"steps": [{"id": "A b", "type": "end"}]}, "steps[0].id"),
        ({"steps": [tag("a", "x"), tag("a", "y")]}, "steps[1].id"),
        ({"steps": [{"id": "a", "type": "fly"}]}, "steps[0].type"),
        ({"steps": [tag("a", "")]}, "steps[0].params.tag"),
        ({"steps": [tag("a", "x", next="nowhere")]}, "steps[0].next"),
        ({"steps": [tag("a", "x", next="c"), tag("b", "y"), tag("c", "z")]}, "steps[1]"),
        ({"steps": [tag("a", "x"), tag("b", "y", next="a")]}, "steps[0]"),
        ({"steps": [wait("a")]}, "steps[0].params.days"),
        ({"steps": [wait("a", days=1, at="25:00")]}, "steps[0].params.at"),
        ({"steps": [wait("a", hours=1, at="10:00")]}, "steps[0].params.at"),
        (
            {"steps": [{"id": "a", "type": "wait_for", "params": {"fact": "order.paid"}}]},
            "steps[0].params.days",
        ),
        ({"steps": [{"id": "a", "type": "branch", "cases": []}]}, "steps[0].cases"),
        (
            {"steps": [{"id": "a", "type": "branch", "cases": [{"when": [{"kind": "moon"}], "next": "a"}]}]},
            "steps[0].cases[0].when[0].kind",
        ),
        ({"steps": [{"id": "a", "type": "points", "params": {"amount": -5}}]}, "steps[0].params.amount"),
        (
            {
                "steps": [
                    {
                        "id": "a",
                        "type": "task",
                        "params": {"kind": "care", "title": "x", "draft": "{password}"},
                    }
                ]
            },
            "steps[0].params.draft",
        ),
        (
            {
                "steps": [
                    {
                        "id": "a",
                        "type": "message",
                        "params": {"channel": "no", "kind": "service", "text": "x"},
                    }
                ]
            },
            "steps[0].params.channel",
        ),
    ],
)
def test_a_mistake_is_named_by_its_place(change: dict[str, Any], place: str) -> None:
    good = define(tag("a", "x"))
    assert journeys.definition_errors(good) == {}
    errors = journeys.definition_errors({**good, **change})
    assert place in errors, errors
    assert all(str(message) for message in errors.values())


def test_a_circle_with_a_wait_is_allowed() -> None:
    assert journeys.definition_errors(define(wait("w", days=30), tag("a", "x", next="w"))) == {}


def test_what_is_not_even_an_object_is_refused() -> None:
    for junk in (None, [], "x", 5):
        assert journeys.definition_errors(junk)


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["entry", "steps", "fact", "id", "type", "params", "cases", "when", "kind", "next", "days", "at", "where"]), inner, max_size=4), max_leaves=12))  # fmt: skip
def test_junk_never_crashes_the_validator(junk: Any) -> None:
    journeys.definition_errors(junk)
    journeys.definition_errors(
        {"entry": {"fact": "order.paid"}, "steps": [{"id": "a", "type": "wait", "params": junk}]}
    )
    journeys.definition_errors(
        {"entry": {"fact": "order.paid"}, "steps": [{"id": "a", "type": "branch", "cases": junk}]}
    )


def test_the_default_journey_is_valid() -> None:
    assert journeys.definition_errors(WELCOME) == {}


@pytest.mark.parametrize(
    ("since", "params", "over"),
    [
        # scanned at 01:30 and at 14:00 in Shanghai: both the next calendar day at 10:00
        ("2026-11-19T17:30", {"days": 1, "at": "10:00"}, "2026-11-21T02:00"),
        ("2026-11-20T06:00", {"days": 1, "at": "10:00"}, "2026-11-21T02:00"),
        ("2026-11-20T01:00", {"at": "10:00"}, "2026-11-20T02:00"),
        ("2026-11-20T02:00", {"at": "10:00"}, "2026-11-21T02:00"),
        ("2026-11-20T02:00", {"days": 3}, "2026-11-23T02:00"),
        ("2026-11-20T02:00", {"hours": 2, "minutes": 5}, "2026-11-20T04:05"),
    ],
)
def test_when_a_wait_is_over(since: str, params: dict[str, Any], over: str) -> None:
    begin = datetime.fromisoformat(since).replace(tzinfo=UTC)
    assert wait_over(params, since=begin, zone=SHANGHAI) == datetime.fromisoformat(over).replace(tzinfo=UTC)


@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001  # the zone is added below
    st.integers(0, 30),
    st.integers(0, 23),
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/New_York"]),
)
def test_a_wait_always_ends_later_at_that_time_of_day(
    naive: datetime, days: int, hour: int, zone: str
) -> None:
    since = naive.replace(tzinfo=UTC)
    over = wait_over({"days": days, "at": f"{hour}:15"}, since=since, zone=ZoneInfo(zone))
    assert since < over <= since + timedelta(days=days + 1, hours=2)


@pytest.mark.django_db
def test_a_bad_draft_leaves_the_old_one() -> None:
    journey_id = journeys.create_journey("a", define(tag("a", "x")), at=NOON, by=BY)
    with pytest.raises(BadInput):
        journeys.save_draft(journey_id, define(tag("a", "")), at=NOON, by=BY)
    with pytest.raises(BadInput):
        journeys.create_journey("  ", define(tag("a", "x")), at=NOON, by=BY)
    assert journeys.get_version(journey_id).definition == define(tag("a", "x"))
    assert len(journeys.journeys()) == 1


@pytest.mark.django_db
def test_a_published_version_never_changes() -> None:
    journey_id = start(define(tag("a", "x")))
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE decisions_journeys_journeyversion SET definition = '{}'")
    assert journeys.save_draft(journey_id, define(tag("b", "y")), at=NOON, by=BY) == 2
    assert journeys.save_draft(journey_id, define(tag("c", "z")), at=NOON, by=BY) == 2
    assert journeys.get_version(journey_id).definition == define(tag("a", "x"))
    journeys.publish(journey_id, at=NOON, by=BY)
    assert journeys.get_journey(journey_id).live_version == 2
    with pytest.raises(Conflict):
        journeys.publish(journey_id, at=NOON, by=BY)
    with pytest.raises(NotFound):
        journeys.publish(journey_id + 1000, at=NOON, by=BY)


@pytest.mark.django_db
def test_installing_the_defaults_twice_is_once() -> None:
    assert len(journeys.install_defaults(NOON)) == 1
    assert journeys.install_defaults(NOON) == []
    (view,) = journeys.journeys()
    assert (view.name, view.state, view.key) == (
        "欢迎与首周",
        journeys.JourneyState.RUNNING,
        journeys.WELCOME_KEY,
    )
