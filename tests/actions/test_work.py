"""Tasks for staff: once each, closed by the clerk, by a purchase or by time."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from siyu.actions.work import api as work
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.records.staff import api as staff
from tests.actions.world import NOON, Someone, clerks, hear, in_threads, pay, people, told

pytestmark = pytest.mark.django_db
BY = foundation.SYSTEM


def task(key: str, who: Someone, employee_id: int, **extra: object) -> work.TaskSpec:
    values: dict[str, object] = {
        "key": key,
        "employee_id": employee_id,
        "customer_id": who.customer_id,
        "subject_id": who.subject_id,
        "kind": work.FOLLOW_UP,
        "title": "发送保养指南",
        "due_at": NOON,
        "draft": "您好",
        "reason": "昨天刚加上好友",
    }
    values.update(extra)
    return work.TaskSpec(**values)  # type: ignore[arg-type]


def all_tasks(**narrow: object) -> list[work.TaskView]:
    return work.tasks(staff.EVERYTHING, work.TaskFilter(**narrow), at=NOON).items  # type: ignore[arg-type]


def test_a_task_is_created_once_and_appears_on_its_day() -> None:
    (clerk,), (who,) = clerks(), people(1)
    first, again = work.create_tasks([task("k", who, clerk), task("k", who, clerk)], at=NOON)
    (later,) = work.create_tasks([task("k", who, clerk, title="other")], at=NOON)
    assert (first.new, again.new, later.new) == (True, False, False)
    (view,) = all_tasks(day=date(2026, 11, 20))
    assert (view.title, view.draft, view.due_day) == ("发送保养指南", "您好", date(2026, 11, 20))
    assert all_tasks(day=date(2026, 11, 19)) == []
    assert told("task.created") == ["task.created"]


def test_what_is_open_from_before_stays_in_view_and_is_overdue() -> None:
    (clerk,), (who,) = clerks(), people(1)
    # 17:00 UTC is the next day in Shanghai
    work.create_tasks([task("k", who, clerk, due_at=NOON.replace(hour=17) - timedelta(days=2))], at=NOON)
    (view,) = all_tasks(day=date(2026, 11, 20))
    assert (view.due_day, view.overdue) == (date(2026, 11, 19), True)


def test_a_task_that_cannot_be_made_leaves_nothing() -> None:
    (clerk,), (who,) = clerks(), people(1)
    for wrong in ({"title": " "}, {"customer_id": 99_999_999, "subject_id": None}):
        with pytest.raises(BadInput):
            work.create_tasks([task("a", who, clerk), task("b", who, clerk, **wrong)], at=NOON)
    assert all_tasks() == []


def test_completing_is_once_and_another_word_is_refused() -> None:
    (clerk,), (who,) = clerks(), people(1)
    (made,) = work.create_tasks([task("k", who, clerk)], at=NOON)
    for _twice in range(2):
        view = work.complete(made.task_id, scope=staff.EVERYTHING, by=BY, at=NOON, note="微信已发")
        assert (view.state, view.result, view.note) == (work.TaskState.DONE, "sent", "微信已发")
    with pytest.raises(Conflict):
        work.complete(made.task_id, scope=staff.EVERYTHING, by=BY, at=NOON, result=work.TaskResult.CALLED)
    assert told("task.done") == ["task.done"]
    (counts,) = work.task_counts(
        None, first=date(2026, 11, 20), last=date(2026, 11, 20), scope=staff.EVERYTHING
    )
    assert (counts.due, counts.done, counts.open) == (1, 1, 0)


def test_a_clerk_sees_own_tasks_only() -> None:
    (mine, theirs), (who,) = clerks(2), people(1)
    (own,) = work.create_tasks([task("own", who, mine)], at=NOON)
    (other,) = work.create_tasks([task("other", who, theirs)], at=NOON)
    scope = staff.Scope(employee_ids=frozenset({mine}), employee_id=mine)
    assert [view.id for view in work.tasks(scope, at=NOON).items] == [own.task_id]
    with pytest.raises(NotFound):
        work.complete(other.task_id, scope=scope, by=BY, at=NOON)
    assert work.get_task(other.task_id, scope=staff.EVERYTHING, at=NOON).state is work.TaskState.OPEN


def test_time_closes_what_expired() -> None:
    (clerk,), crowd = clerks(), people(2)
    work.create_tasks(
        [task(f"k{n}", who, clerk, expires_at=NOON + timedelta(days=n)) for n, who in enumerate(crowd)],
        at=NOON,
    )
    assert work.expire_tasks(at=NOON + timedelta(hours=1)) == 1
    assert work.expire_tasks(at=NOON + timedelta(hours=1)) == 0
    assert [view.state.value for view in all_tasks()] == ["open", "expired"]
    assert told("task.expired") == ["task.expired"]


def test_a_purchase_closes_follow_ups_that_were_there() -> None:
    (clerk,), (buyer, other) = clerks(), people(2)
    facts.install_cursors()
    work.create_tasks(
        [task("f", buyer, clerk), task("care", buyer, clerk, kind=work.CARE), task("o", other, clerk)],
        at=NOON,
    )
    pay(buyer, "old", at=NOON - timedelta(hours=1))
    hear("work.bought", at=NOON)
    assert {view.state.value for view in all_tasks()} == {"open"}
    pay(buyer, "new", at=NOON + timedelta(hours=1))
    hear("work.bought", at=NOON + timedelta(hours=1))
    closed = [(view.kind, view.customer_id, view.result) for view in all_tasks() if view.result]
    assert closed == [(work.FOLLOW_UP, buyer.customer_id, "bought")]
    assert told("task.done") == ["task.done"]


@pytest.mark.parametrize(("paid", "state"), [(0, "done"), (-1, "open")])
def test_a_purchase_told_in_whole_seconds_closes_a_task_made_within_that_second(
    paid: int, state: str
) -> None:
    (clerk,), (buyer,) = clerks(), people(1)
    made = NOON + timedelta(milliseconds=700)
    work.create_tasks([task("k", buyer, clerk)], at=made)
    pay(buyer, "o", at=NOON + timedelta(seconds=paid))
    hear("work.bought", at=NOON + timedelta(seconds=2))
    assert {view.state.value for view in all_tasks()} == {state}


@pytest.mark.django_db(transaction=True)
def test_two_people_closing_one_task_is_once() -> None:
    (clerk,), (who,) = clerks(), people(1)
    (made,) = work.create_tasks([task("k", who, clerk)], at=NOON)

    def close(number: int) -> None:
        with foundation.transaction():
            result = work.TaskResult.SENT if number % 2 else work.TaskResult.CALLED
            work.complete(made.task_id, scope=staff.EVERYTHING, by=BY, at=NOON, result=result)

    refused = in_threads(6, close)
    assert [type(error) for error in refused] == [Conflict] * 3
    assert told("task.done") == ["task.done"]
