"""Who was erased is left alone: their runs end, and nothing of old lets them in again."""

from __future__ import annotations

import pytest

from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.actions import world
from tests.actions.world import NOON, befriend, clerks, pay, people
from tests.decisions.journey_world import BY, all_tasks, day, define, go, hear, path, runs, start, wait

pytestmark = pytest.mark.django_db
TASK = {"id": "task", "type": "task", "params": {"kind": "follow_up", "title": "问候{customer}"}}


@pytest.fixture(autouse=True)
def listening(db: None) -> None:
    facts.install_cursors()


def test_a_run_ends_with_the_erasure_and_the_clerk_gets_no_task() -> None:
    (clerk,), (gone, stays) = clerks(), people(2)
    journey_id = start(define(wait("morning", days=1, at="10:00"), TASK))
    befriend([gone, stays], clerk)
    hear(NOON)
    customers.erase_customer(gone.customer_id, scope=staff.EVERYTHING, at=day(0, 20), by=BY)
    world.hear("journeys.erased", at=day(0, 20))
    go(day(1, 10))
    assert [task.customer_id for task in all_tasks()] == [stays.customer_id]
    left, through = runs(journey_id)
    assert (left.end_reason, path(left)) == (journeys.EndReason.ERASED, [])
    assert through.end_reason == journeys.EndReason.COMPLETED


def test_no_step_is_taken_before_the_erasure_is_heard_of() -> None:
    (clerk,), (gone, stays) = clerks(), people(2)
    journey_id = start(define(wait("morning", days=1, at="10:00"), TASK))
    befriend([gone, stays], clerk)
    hear(NOON)
    customers.erase_customer(gone.customer_id, scope=staff.EVERYTHING, at=day(0, 20), by=BY)
    go(day(1, 10))
    assert [task.customer_id for task in all_tasks()] == [stays.customer_id]
    left, _through = runs(journey_id)
    assert (left.end_reason, path(left)) == (journeys.EndReason.ERASED, [])
    world.hear("journeys.erased", at=day(1, 11))
    assert [run.end_reason for run in runs(journey_id)] == ["erased", "completed"]


def test_a_late_word_about_an_old_order_lets_nobody_in_who_was_erased() -> None:
    clerks()
    (gone,) = people(1)
    pay(gone, "o1", at=NOON)
    journey_id = start(define(TASK, fact="order.refunded"))
    customers.erase_customer(gone.customer_id, scope=staff.EVERYTHING, at=day(0, 20), by=BY)
    [order] = commerce.orders_of(gone.customer_id).items
    line = commerce.RefundLineSpec(1, 1, order.amount)
    commerce.record_refunds([commerce.RefundSpec(order.source, "o1", "r1", day(1), (line,))], at=day(1))
    hear(day(1))
    assert (runs(journey_id), all_tasks()) == ([], [])
    [skip] = journeys.skips(journey_id, scope=staff.EVERYTHING).items
    assert skip.reason is journeys.SkipReason.ERASED
