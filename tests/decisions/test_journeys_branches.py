"""What a branch can ask, entering by a segment, and who may see a run."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from siyu.actions.messaging import api as messaging
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.segments import api as segments
from siyu.kit.errors import NotFound
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.actions.world import NOON, Platform, Someone, befriend, channel, clerks, pay, people
from tests.decisions.journey_world import BY, day, define, go, hear, runs, say, start, tag

pytestmark = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)
BUYERS = {"version": 1, "root": {"trait": {"field": "orders", "op": "at_least", "value": 1}}}


@pytest.fixture(autouse=True)
def listening(db: None) -> None:
    facts.install_cursors()


def tags_of(who: Someone) -> list[str]:
    return sorted(customers.tags_of([who.customer_id]).get(who.customer_id, []))


def sorting(*when: dict[str, Any]) -> dict[str, Any]:
    """A journey that tags those for whom all conditions hold with yes, the rest with no."""
    return define(
        {
            "id": "b",
            "type": "branch",
            "cases": [{"when": list(when), "next": "yes"}],
            "otherwise": "no",
        },
        tag("yes", "yes", next=None),
        tag("no", "no"),
    )


@committing
def test_each_question_sorts_people() -> None:
    (clerk,), (vip, buyer, both, neither) = clerks(), people(4)
    customers.tag([vip.customer_id, both.customer_id], "VIP", at=NOON, source="test")
    for number, who in enumerate((buyer, both)):
        pay(who, f"o{number}", at=NOON)
    facts.drain(at=NOON)
    with foundation.transaction():
        segment = segments.create_segment("买过", BUYERS, by=foundation.SYSTEM, at=NOON)
    everybody = {"vip": vip, "buyer": buyer, "both": both, "neither": neither}
    has_tag = {"kind": "tag", "tag": "VIP"}
    is_buyer = {"kind": "rule", "tree": BUYERS}
    in_segment = {"kind": "segment", "segment_id": segment.id}
    expected: list[tuple[tuple[dict[str, Any], ...], set[str]]] = [
        ((has_tag,), {"vip", "both"}),
        ((is_buyer,), {"buyer", "both"}),
        ((in_segment,), {"buyer", "both"}),
        ((has_tag, in_segment), {"both"}),
        ((has_tag, {**in_segment, "not": True}), {"vip"}),
        (({"kind": "happened", "fact": "order.paid"},), set()),
    ]
    ids = [start(sorting(*when), name=f"j{number}") for number, (when, _who) in enumerate(expected)]
    befriend(list(everybody.values()), clerk, at=NOON)
    hear(NOON)
    for journey_id, (when, names) in zip(ids, expected, strict=True):
        went = {
            name
            for name, who in everybody.items()
            for run in runs(journey_id)
            if run.customer_id == who.customer_id and journeys.steps_taken(run.id)[0].ref == "to:yes"
        }
        assert went == names, when
    assert go(day(1)).people == 0


def test_what_happened_before_the_program_noticed_the_entry_still_counts() -> None:
    """Scanned at noon, bought at one, the program was down until two."""
    (clerk,), (who,) = clerks(), people(1)
    start(sorting({"kind": "happened", "fact": "order.paid"}))
    befriend([who], clerk, at=NOON)
    pay(who, "o1", at=NOON + timedelta(hours=1))
    hear(NOON + timedelta(hours=2))
    assert tags_of(who) == ["yes"]


@committing
def test_entering_a_segment_starts_its_journey_and_no_other() -> None:
    clerks()
    buyer, other = people(2)
    with foundation.transaction():
        segment = segments.create_segment("买过", BUYERS, by=foundation.SYSTEM, at=NOON)
        unlike = segments.create_segment(
            "很多",
            {"version": 1, "root": {"trait": {"field": "orders", "op": "at_least", "value": 9}}},
            by=foundation.SYSTEM,
            at=NOON,
        )
    mine = start(define(tag("a", "x"), fact="segment.entered", entry={"where": {"segment_id": segment.id}}))
    theirs = start(define(tag("a", "y"), fact="segment.entered", entry={"where": {"segment_id": unlike.id}}))
    pay(buyer, "o1", at=NOON)
    facts.drain(at=NOON)
    assert (tags_of(buyer), tags_of(other)) == (["x"], [])
    assert ([run.customer_id for run in runs(mine)], runs(theirs)) == ([buyer.customer_id], [])


def test_a_clerk_sees_the_runs_and_messages_of_own_customers_only() -> None:
    (mine, theirs), (own, foreign) = clerks(2), people(2)
    customers.assign([own.customer_id], mine, at=NOON, reason="test")
    customers.assign([foreign.customer_id], theirs, at=NOON, reason="test")
    with channel(Platform()):
        journey_id = start(define(say("m")))
        befriend([own], mine, at=NOON)
        befriend([foreign], theirs, at=NOON)
        hear(NOON)
        scope = staff.Scope(employee_ids=frozenset({mine}), employee_id=mine)
        everything = runs(journey_id)
        assert len(everything) == 2
        (seen,) = journeys.enrolments(scope, journey_id=journey_id).items
        assert seen.customer_id == own.customer_id
        (hidden,) = [run for run in everything if run.customer_id == foreign.customer_id]
        assert journeys.steps_taken(seen.id, scope=scope)
        for ask in (
            lambda: journeys.get_enrolment(hidden.id, scope=scope),
            lambda: journeys.steps_taken(hidden.id, scope=scope),
        ):
            with pytest.raises(NotFound):
                ask()
        all_of_them = messaging.deliveries(staff.EVERYTHING).items
        (message,) = messaging.deliveries(scope).items
        assert message.customer_id == own.customer_id
        assert messaging.visible_ids([one.id for one in all_of_them], scope=scope) == [message.id]
        assert messaging.deliveries(scope).total == 1


def test_people_taken_out_by_hand_stay_out() -> None:
    (clerk,), (who,) = clerks(), people(1)
    journey_id = start(define({"id": "w", "type": "wait", "params": {"days": 1}}, tag("a", "x")))
    befriend([who], clerk, at=NOON)
    hear(NOON)
    (run,) = runs(journey_id)
    assert journeys.remove([run.id], at=NOON, by=BY) == 1
    assert journeys.remove([run.id], at=NOON, by=BY) == 0
    go(day(2))
    assert tags_of(who) == []
    assert runs(journey_id)[0].end_reason == "removed"
