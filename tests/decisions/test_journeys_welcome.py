"""欢迎与首周, the journey every installation starts with, from the scan to the seventh day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from siyu.actions.messaging import api as messaging
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from tests.actions.world import NOON, Platform, answer_all, befriend, channel, clerks, pay, people, states
from tests.decisions.journey_world import BY, all_messages, all_tasks, day, go, hear, path, runs

pytestmark = pytest.mark.django_db
NIGHT = NOON.replace(hour=17, minute=30) - timedelta(days=1)  # Friday 01:30 in Shanghai
COMMON = ["welcome:done", "next_morning:waited", "care_task:done", "three_days:waited", "bought:branched"]


@pytest.fixture
def welcome() -> Iterator[Platform]:
    platform = Platform(
        name="wecom.welcome",
        unclear=messaging.Unclear.SAFE_REPEAT,
        max_batch=1,
        needs_friend=True,
        window=timedelta(seconds=20),
        context_keys=("welcome_ref",),
    )
    with channel(platform):
        yield platform


@pytest.fixture
def mass() -> Iterator[Platform]:
    platform = Platform(name="wecom.mass", needs_friend=True, needs_member=True)
    platform.on_send = answer_all(messaging.Result.WAITING_MEMBER)
    with channel(platform):
        yield platform


@pytest.mark.django_db(transaction=True)
def test_from_the_scan_to_the_seventh_day(welcome: Platform, mass: Platform) -> None:
    facts.install_cursors()
    (journey_id,) = journeys.install_defaults(NIGHT)
    (clerk,), (buyer, other) = clerks(), people(2)
    foundation.set_setting("brand.name", "金秋珠宝", at=NIGHT, by=BY)
    befriend([buyer, other], clerk, at=NIGHT, welcome_ref="CODE")

    # 01:30: welcomed at once, each with the own code, by the clerk's name, quiet hours or not
    hear(NIGHT)
    messaging.send_due(at=NIGHT + timedelta(seconds=1))
    assert [len(call) for call in welcome.calls] == [1, 1]
    assert sorted(call[0].params["welcome_ref"] for call in welcome.calls) == sorted(
        [f"CODE-{buyer.subject_id}", f"CODE-{other.subject_id}"]
    )
    assert {call[0].content.text for call in welcome.calls} == {
        "您好,我是金秋珠宝的小0,很高兴认识您!以后选款、保养、售后都可以直接找我。"
    }
    assert states() == {"sent": 2}

    # next day 10:00: a task for the clerk; a purchase closes it
    assert go(day(1, 9)).people == 0
    go(day(1, 10))
    assert {(task.employee_id, task.kind) for task in all_tasks()} == {(clerk, "follow_up")}
    assert len(all_tasks()) == 2
    pay(buyer, "o1", at=day(2))
    facts.drain(at=day(2), only=["journeys.heard", "work.bought"])
    assert {task.customer_id: task.result for task in all_tasks()} == {
        buyer.customer_id: "bought",
        other.customer_id: "",
    }

    # three days later: thanks for the one, an invitation for the other
    go(day(4, 10))
    assert customers.tags_of([buyer.customer_id, other.customer_id])[buyer.customer_id] == ["首周购买"]
    assert (ledger.balance(buyer.customer_id), ledger.balance(other.customer_id)) == (50, 0)
    messaging.send_due(at=day(4, 10))
    assert [[item.customer_id for item in call] for call in mass.calls] == [[other.customer_id]]
    assert states() == {"sent": 2, "waiting_member": 1}

    # the seventh day ends it
    go(day(7, 10))
    first, second = runs(journey_id)
    assert path(first) == [*COMMON, "tag_buyer:done", "thanks:done", "day_seven:waited", "end:ended"]
    assert path(second) == [*COMMON, "invite:done", "day_seven:waited", "end:ended"]
    assert first.ended_at == second.ended_at == day(7, 10)
    assert len(all_messages()) == 3
    assert ledger.check_balances() == []


def test_a_welcome_that_cannot_leave_in_time_never_leaves(welcome: Platform, mass: Platform) -> None:
    facts.install_cursors()
    (journey_id,) = journeys.install_defaults(NIGHT)
    (clerk,), (who,) = clerks(), people(1)
    befriend([who], clerk, at=NIGHT, welcome_ref="CODE")
    hear(NIGHT + timedelta(seconds=18))
    messaging.send_due(at=NIGHT + timedelta(seconds=21))
    assert welcome.calls == []
    assert states() == {"failed": 1}
    assert [run.step_id for run in runs(journey_id)] == ["next_morning"]


def test_without_a_code_the_welcome_is_skipped_and_the_week_goes_on(
    welcome: Platform, mass: Platform
) -> None:
    facts.install_cursors()
    (journey_id,) = journeys.install_defaults(NIGHT)
    (clerk,), (who,) = clerks(), people(1)
    befriend([who], clerk, at=NIGHT)
    hear(NIGHT)
    go(day(1, 10))
    assert all_messages() == []
    assert len(all_tasks()) == 1
    (step, *_rest) = journeys.steps_taken(runs(journey_id)[0].id)
    assert (step.outcome, step.reason != "") == (journeys.StepOutcome.SKIPPED, True)
