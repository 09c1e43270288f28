"""The engine: people enter once, take each step once, wait, branch, are left out, and all add up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from siyu.actions.messaging import api as messaging
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.goals import api as goals
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff
from tests.actions.world import (
    NOON,
    Platform,
    Someone,
    befriend,
    channel,
    clerks,
    in_threads,
    pay,
    people,
    told,
)
from tests.decisions.journey_world import (
    BY,
    all_messages,
    all_tasks,
    day,
    define,
    go,
    hear,
    path,
    runs,
    say,
    start,
    tag,
    wait,
)

pytestmark = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)
State = journeys.EnrolmentState
TASK = {"id": "task", "type": "task", "params": {"kind": "follow_up", "title": "问候{customer}"}}


@pytest.fixture(autouse=True)
def listening(db: None) -> None:
    facts.install_cursors()


@pytest.fixture
def mass() -> Iterator[Platform]:
    with channel(Platform()) as platform:
        yield platform


def tags(who: Someone) -> list[str]:
    return sorted(customers.tags_of([who.customer_id]).get(who.customer_id, []))


def conserved(journey_id: int) -> journeys.JourneyView:
    view = journeys.get_journey(journey_id)
    assert view.entered == view.active + view.errors + view.ended
    return view


def test_a_first_week(mass: Platform) -> None:
    """Welcome at once, a task next morning, then thanks for those who bought and an offer for the rest."""
    (clerk,), (buyer, other) = clerks(), people(2)
    journey_id = start(
        define(
            say("welcome"),
            wait("morning", days=1, at="10:00"),
            TASK,
            wait("three", days=3),
            {
                "id": "bought",
                "type": "branch",
                "cases": [{"when": [{"kind": "happened", "fact": "order.paid"}], "next": "mark"}],
                "otherwise": "offer",
            },
            tag("mark", "首周购买"),
            {"id": "thanks", "type": "points", "params": {"amount": 50}, "next": "out"},
            say("offer", kind="promotional"),
            {"id": "out", "type": "end"},
        )
    )
    befriend([buyer, other], clerk)
    hear(NOON)
    assert [view.text for view in all_messages()] == ["您好,我是小0"] * 2
    messaging.send_due(at=NOON)
    assert {view.state.value for view in all_messages()} == {"sent"}
    assert go(day(1, 9)).people == 0
    go(day(1, 10))
    assert sorted(task.customer_id for task in all_tasks()) == [buyer.customer_id, other.customer_id]
    pay(buyer, "o1", at=day(2))
    hear(day(2))
    go(day(4, 10))
    first, second = runs(journey_id)
    start_of_both = ["welcome:done", "morning:waited", "task:done", "three:waited", "bought:branched"]
    assert path(first) == [*start_of_both, "mark:done", "thanks:done", "out:ended"]
    assert path(second) == [*start_of_both, "offer:done", "out:ended"]
    assert (tags(buyer), tags(other)) == (["首周购买"], [])
    assert ledger.balances([buyer.customer_id, other.customer_id]).get(buyer.customer_id) == 50
    assert ledger.account_total(ledger.campaign_account("journey", journey_id)) == -50
    view = conserved(journey_id)
    assert (view.entered, view.ended, view.errors) == (2, 2, 0)
    assert told("journey.entered", "journey.ended") == ["journey.ended"] * 2 + ["journey.entered"] * 2
    assert go(day(30)).people == 0


def test_backfill_greets_nobody(mass: Platform) -> None:
    (clerk,), (who,) = clerks(), people(1)
    journey_id = start(define(say("welcome")))
    customers.add_contact(
        [customers.ContactSpec(who.subject_id, clerk, "test:corp", NOON)],
        at=NOON,
        source="test:corp",
        origin=facts.Origin.BACKFILL,
    )
    hear(NOON)
    assert (runs(journey_id), all_messages()) == ([], [])


def fact(who: Someone, key: str, name: str = "page.viewed", **payload: Any) -> facts.NewFact:
    values = {"url": "/a", **payload}
    kind = facts.CATALOGUE.get(name).payload
    return facts.NewFact(name, kind(**values), NOON, who.subject_id, "test", key)


@committing
def test_fifty_duplicates_at_once_enter_once() -> None:
    (who,) = people(1)
    journey_id = start(define(tag("a", "x"), fact="page.viewed"))
    facts.record([fact(who, f"f{n}") for n in range(50)], at=NOON)
    heard = facts.read(names=["page.viewed"], limit=100)

    def enter(number: int) -> None:
        for _twice in range(2):
            with foundation.transaction():
                journeys.enter([heard[number]], {who.subject_id: who.customer_id}, at=NOON)

    for chunk in range(5):
        errors = in_threads(10, lambda number, first=chunk * 10: enter(first + number))
        assert errors == []
    assert len(runs(journey_id)) == 1
    view = conserved(journey_id)
    assert (view.entered, view.skipped) == (1, 49)
    reasons = {skip.reason for skip in journeys.skips(journey_id, scope=staff.EVERYTHING, size=100).items}
    assert reasons == {journeys.SkipReason.ALREADY_IN}
    assert told("journey.entered") == ["journey.entered"]


@pytest.mark.parametrize(("days", "entries"), [(None, 1), (30, 2)])
def test_the_re_entry_rule(days: int | None, entries: int) -> None:
    (who,) = people(1)
    journey_id = start(define(tag("a", "x"), fact="page.viewed", reentry={"days": days}))
    for number, passed in enumerate((0, 10, 29, 30, 59)):
        at = NOON + timedelta(days=passed)
        one = fact(who, f"f{number}")
        facts.record(
            [facts.NewFact(one.name, one.payload, at, who.subject_id, "test", one.external_id)], at=at
        )
        hear(at)
    assert len(runs(journey_id)) == entries
    skips = journeys.skips(journey_id, scope=staff.EVERYTHING).items
    assert {skip.reason for skip in skips} == {journeys.SkipReason.REENTRY}
    assert len(skips) == 5 - entries


def test_who_does_not_enter_is_named_with_the_reason() -> None:
    (known,) = people(1)
    (stranger,) = facts.new_subjects(1, at=NOON)
    journey_id = start(define(tag("a", "x"), fact="page.viewed", entry={"where": {"url": "/a"}}))
    old = NOON - timedelta(hours=73)
    facts.record(
        [
            fact(Someone(0, stranger), "stranger"),
            facts.NewFact("page.viewed", fact(known, "").payload, old, known.subject_id, "test", "old"),
            fact(known, "elsewhere", url="/b"),
        ],
        at=NOON,
    )
    hear(NOON)
    assert runs(journey_id) == []
    skips = journeys.skips(journey_id, scope=staff.EVERYTHING).items
    assert sorted((skip.reason.value, skip.customer_id) for skip in skips) == [
        ("too_old", known.customer_id),
        ("unidentified", None),
    ]


def test_pausing_stops_everybody_and_resuming_goes_on() -> None:
    inside, outside = people(2)
    journey_id = start(define(wait("w", days=1), tag("a", "x"), fact="page.viewed"))
    facts.record([fact(inside, "in")], at=NOON)
    hear(NOON)
    journeys.pause(journey_id, at=NOON, by=BY)
    facts.record([fact(outside, "out")], at=NOON)
    hear(NOON)
    assert go(day(5)).people == 0
    assert journeys.due_now(day(5)) == 0
    assert journeys.next_due() is None
    (skip,) = journeys.skips(journey_id, scope=staff.EVERYTHING).items
    assert (skip.customer_id, skip.reason) == (outside.customer_id, journeys.SkipReason.PAUSED)
    journeys.resume(journey_id, at=day(5), by=BY)
    assert go(day(5)).people == 1
    assert (tags(inside), tags(outside)) == (["x"], [])


def test_running_people_stay_on_their_version() -> None:
    old, new = people(2)
    journey_id = start(define(wait("w", days=1), tag("a", "old"), fact="page.viewed"))
    facts.record([fact(old, "1")], at=NOON)
    hear(NOON)
    journeys.save_draft(journey_id, define(tag("b", "new"), fact="page.viewed"), at=NOON, by=BY)
    journeys.publish(journey_id, at=NOON, by=BY)
    facts.record([fact(new, "2")], at=NOON)
    hear(NOON)
    go(day(2))
    assert (tags(old), tags(new)) == (["old"], ["new"])
    assert [(run.customer_id, run.version) for run in runs(journey_id)] == [
        (old.customer_id, 1),
        (new.customer_id, 2),
    ]
    assert [len(version.steps) for version in journeys.versions(journey_id)] == [1, 2]


def test_the_control_group_is_left_out_of_promotion_only(mass: Platform) -> None:
    (clerk,), crowd = clerks(), people(600)
    foundation.set_setting("goals.minimum_audience", 100, at=NOON, by=BY)
    journey_id = start(define(say("hello"), say("offer", kind="promotional"), tag("t", "x")))
    befriend(crowd, clerk)
    hear(NOON)
    arms = goals.arms_of(journeys.holdout_key(journey_id), [who.customer_id for who in crowd])
    held = {customer_id for customer_id, arm in arms.items() if arm is goals.Arm.HOLDOUT}
    assert 20 <= len(held) <= 110
    offered = {view.customer_id for view in all_messages() if view.kind == "promotional"}
    assert offered.isdisjoint(held)
    assert offered | held == {who.customer_id for who in crowd}
    assert {view.customer_id for view in all_messages() if view.kind == "service"} == offered | held
    assert len(customers.tags_of([who.customer_id for who in crowd])) == 600
    view = conserved(journey_id)
    assert (view.entered, view.ended, view.holdout) == (600, 600, len(held))
    steps = {step.step_id: step for step in journeys.get_version(journey_id).steps}
    assert steps["offer"].outcomes == {
        journeys.StepOutcome.DONE: len(offered),
        journeys.StepOutcome.HOLDOUT: len(held),
    }
    assert steps["offer"].passed == 600


def test_a_small_audience_has_no_control_group(mass: Platform) -> None:
    (clerk,), crowd = clerks(), people(30)
    journey_id = start(define(say("offer", kind="promotional")))
    befriend(crowd, clerk)
    hear(NOON)
    assert len(all_messages()) == 30
    counts = goals.holdout_counts(journeys.holdout_key(journey_id))
    assert (counts.holdout, counts.no_holdout, counts.enough) == (0, 30, False)


def test_the_first_people_of_a_journey_that_grows_large_have_a_control_group_too(mass: Platform) -> None:
    """The step comes after a day: only a few stand at it, but the pace says how many a result will rest on."""
    (clerk,), crowd = clerks(), people(90)
    steps = define(wait("w", days=1), say("offer", kind="promotional"))
    foundation.set_setting("journeys.holdout_percent", 50, at=NOON, by=BY)
    journey_id = start(steps)
    for number in range(3):  # ninety in three days: more than a thousand in a quarter
        befriend(crowd[number * 30 : number * 30 + 30], clerk, at=day(number))
        hear(day(number))
    go(day(2))
    counts = goals.holdout_counts(journeys.holdout_key(journey_id))
    assert (counts.holdout + counts.treated, counts.no_holdout) == (60, 0)
    assert 10 <= counts.holdout <= 50
    assert len(all_messages()) == counts.treated


def waiting_for_purchase() -> dict[str, Any]:
    return define(
        {
            "id": "w",
            "type": "wait_for",
            "params": {"fact": "order.paid", "days": 3},
            "next": "yes",
            "otherwise": "no",
        },
        tag("yes", "bought", next=None),
        tag("no", "late"),
        fact="page.viewed",
    )


def test_waiting_for_a_fact_or_the_timeout() -> None:
    fast, late, before = people(3)
    journey_id = start(waiting_for_purchase())
    pay(before, "o0", at=NOON - timedelta(hours=1))
    facts.record([fact(who, f"f{n}") for n, who in enumerate((fast, late, before))], at=NOON)
    hear(NOON)
    pay(fast, "o1", at=day(1))
    hear(day(1))
    assert (tags(fast), tags(late), tags(before)) == (["bought"], [], [])
    go(day(3))
    pay(late, "o2", at=day(4))
    hear(day(4))
    assert (tags(fast), tags(late), tags(before)) == (["bought"], ["late"], ["late"])
    assert [path(run)[0] for run in runs(journey_id)] == ["w:waited", "w:timed_out", "w:timed_out"]


@committing
def test_a_fact_heard_while_the_wait_began_is_found_at_the_timeout() -> None:
    (who,) = people(1)
    start(waiting_for_purchase())
    facts.record([fact(who, "f")], at=NOON)
    hear(NOON)
    pay(who, "o", at=day(1))  # in the log, but nobody tells the journey
    go(day(3))
    assert tags(who) == ["bought"]


def test_an_exit_fact_ends_the_run() -> None:
    (clerk,), (gone, stays) = clerks(), people(2)
    journey_id = start(define(wait("w", days=1), tag("a", "x"), exit_on=["contact.ended"]))
    befriend([gone, stays], clerk)
    hear(NOON)
    customers.end_contact(
        [
            customers.ContactEndSpec(
                gone.subject_id, clerk, "test:corp", NOON + timedelta(hours=1), customers.EndedBy.CUSTOMER
            )
        ],
        at=NOON + timedelta(hours=1),
        source="test:corp",
    )
    hear(NOON + timedelta(hours=1))
    go(day(2))
    assert [(run.state, run.end_reason) for run in runs(journey_id)] == [
        (State.ENDED, "exited"),
        (State.ENDED, "completed"),
    ]
    assert (tags(gone), tags(stays)) == ([], ["x"])


def test_one_failing_person_does_not_hold_up_the_rest() -> None:
    crowd = people(9)
    bad = crowd[4].customer_id
    with foundation.transaction(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION test_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            f" IF NEW.customer_id = {bad} THEN RAISE EXCEPTION 'no task for this one'; END IF; RETURN NEW; END $$;"
            "CREATE TRIGGER test_refuse BEFORE INSERT ON actions_work_task"
            " FOR EACH ROW EXECUTE FUNCTION test_refuse()"
        )
    try:
        (clerk,) = clerks()
        journey_id = start(define(TASK, tag("a", "x")))
        befriend(crowd, clerk)
        hear(NOON)
        assert len(all_tasks()) == 8
        (failed,) = [run for run in runs(journey_id) if run.state is State.ERROR]
        assert failed.customer_id == bad
        assert "no task for this one" in failed.error
        assert conserved(journey_id).errors == 1
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TRIGGER test_refuse ON actions_work_task; DROP FUNCTION test_refuse()")
    assert journeys.retry_errors(journey_id, at=NOON) == 1
    go(NOON)
    assert len(all_tasks()) == 9
    assert conserved(journey_id).ended == 9


@committing
def test_workers_side_by_side_take_each_step_once() -> None:
    (clerk,), crowd = clerks(), people(200)
    journey_id = start(define(wait("w", hours=1), TASK, tag("a", "x"), wait("v", hours=1), tag("b", "y")))
    befriend(crowd, clerk)
    hear(NOON)

    def work(number: int) -> None:
        for hour in (2, 4):
            go(NOON + timedelta(hours=hour), limit=7 + number)

    assert in_threads(4, work) == []
    go(NOON + timedelta(hours=5))
    assert len(all_tasks()) == 200
    expected = ["w:waited", "task:done", "a:done", "v:waited", "b:done"]
    assert {tuple(path(run)) for run in runs(journey_id)} == {tuple(expected)}
    assert told("task.created") == ["task.created"] * 200


@committing
def test_a_crash_takes_all_of_the_steps_or_none(mass: Platform) -> None:
    (clerk,), crowd = clerks(), people(5)
    journey_id = start(define(wait("w", hours=1), say("m"), TASK))
    befriend(crowd, clerk)
    hear(NOON)

    class Crash(BaseException):
        pass

    later = NOON + timedelta(hours=2)
    with pytest.raises(Crash), foundation.transaction():
        assert journeys.advance(at=later).steps == 15
        raise Crash
    assert (all_messages(), all_tasks()) == ([], [])
    assert conserved(journey_id).active == 5
    assert go(later).steps == 15
    assert (len(all_messages()), len(all_tasks())) == (5, 5)


def test_a_window_counts_from_the_step_where_the_message_answers_nothing(mass: Platform) -> None:
    """As with the message to the employee, whose window only bounds how long it may be repeated."""
    mass.window = timedelta(hours=4)
    (clerk,), (who,) = clerks(), people(1)
    start(define(wait("later", days=1), say("remind")))
    befriend([who], clerk)
    hear(NOON)
    go(day(1))
    messaging.send_due(at=day(1))
    assert [(view.state.value, view.reason) for view in all_messages()] == [("sent", "")]


def test_merging_keeps_the_older_run() -> None:
    first, second, alone = people(3)
    journey_id = start(define(wait("w", days=1), tag("a", "x"), fact="page.viewed", reentry={"days": 1}))
    for number, who in enumerate((first, second, alone)):
        facts.record([fact(who, f"f{number}")], at=NOON + timedelta(hours=number))
        hear(NOON + timedelta(hours=number))
    later = NOON + timedelta(hours=5)
    merge_id = customers.merge(second.customer_id, first.customer_id, at=later, by=BY)
    hear(later)
    found = {run.id: (run.customer_id, run.state.value, run.end_reason) for run in runs(journey_id)}
    assert list(found.values()) == [
        (second.customer_id, "active", ""),
        (second.customer_id, "ended", "merged"),
        (alone.customer_id, "active", ""),
    ]
    go(day(2))
    assert conserved(journey_id).ended == 3
    customers.undo_merge(merge_id, at=day(3), by=BY)
    hear(day(3))
    assert [run.customer_id for run in runs(journey_id)] == [
        first.customer_id,
        second.customer_id,
        alone.customer_id,
    ]


def test_a_channel_that_is_gone_stops_nobody_else() -> None:
    (clerk,), (who,) = clerks(), people(1)
    with channel(Platform()):
        broken = start(define(say("m"), tag("a", "x")), name="broken")
        sound = start(define(tag("b", "y")), name="sound")
    befriend([who], clerk)
    hear(NOON)
    assert tags(who) == ["y"]
    (run,) = runs(broken)
    assert (run.state, "test.mass" in run.error) == (State.ERROR, True)
    assert conserved(sound).ended == 1
    assert journeys.get_version(broken).steps[0].errors == 1
    with channel(Platform()):
        journeys.retry_errors(broken, at=NOON)
        go(NOON)
    assert tags(who) == ["x", "y"]


def test_archiving_ends_everybody_inside() -> None:
    (who,) = people(1)
    journey_id = start(define(wait("w", days=1), tag("a", "x"), fact="page.viewed"))
    facts.record([fact(who, "f")], at=NOON)
    hear(NOON)
    assert journeys.archive(journey_id, at=NOON, by=BY) == 1
    go(day(2))
    assert tags(who) == []
    assert told("journey.ended") == ["journey.ended"]
