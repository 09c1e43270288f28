"""Deliveries: once each, held by named rules, grouped, never late, never blindly repeated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest

from siyu.actions.messaging import api as messaging
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, NotFound, RetryLater
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.actions.world import NOON, Platform, answer_all, channel, hear, message, people, states, told

Result = messaging.Result
pytestmark = pytest.mark.django_db


@pytest.fixture
def mass() -> Iterator[Platform]:
    with channel(Platform()) as platform:
        yield platform


def test_the_same_key_is_one_delivery(mass: Platform) -> None:
    (who,) = people(1)
    first, again = messaging.queue([message("k", who), message("k", who)], at=NOON)
    (later,) = messaging.queue([message("k", who, content=messaging.Content("other"))], at=NOON)
    assert (first.new, again.new, later.new) == (True, False, False)
    assert first.delivery_id == again.delivery_id == later.delivery_id
    assert states() == {"queued": 1}
    assert told("delivery.queued") == ["delivery.queued"]
    messaging.send_due(at=NOON)
    assert [item.content.text for call in mass.calls for item in call] == ["你好"]


def test_what_cannot_be_queued_leaves_nothing(mass: Platform) -> None:
    (who,) = people(1)
    for wrong in (
        {"channel": "no.such"},
        {"kind": "spam"},
        {"content": messaging.Content("  ")},
        {"customer_id": 99_999_999, "subject_id": None},
    ):
        with pytest.raises(BadInput):
            messaging.queue([message("good", who), message("bad", who, **wrong)], at=NOON)
    assert states() == {}
    assert told("delivery.queued") == []


def test_same_sender_and_content_share_calls_up_to_the_limit(mass: Platform) -> None:
    mass.max_batch = 3
    crowd = people(8)
    specs = [message(f"k{n}", who) for n, who in enumerate(crowd[:7])]
    specs.append(message("other", crowd[7], content=messaging.Content("另一条")))
    messaging.queue(specs, at=NOON)
    report = messaging.send_due(at=NOON)
    assert sorted(len(call) for call in mass.calls) == [1, 1, 3, 3]
    assert (report.claimed, report.sent) == (8, 8)
    assert states() == {"sent": 8}
    assert messaging.send_due(at=NOON) == messaging.SendReport()


def test_quiet_hours_hold_until_the_morning(mass: Platform) -> None:
    night = NOON.replace(hour=15)  # 23:00 in Shanghai
    promo, service = people(2)
    messaging.queue(
        [message("promo", promo, due_at=night), message("svc", service, due_at=night, kind="service")],
        at=night,
    )
    messaging.send_due(at=night)
    assert mass.keys == [["svc"]]
    (held,) = messaging.deliveries(
        staff.EVERYTHING, messaging.DeliveryFilter(states=frozenset({messaging.DeliveryState.HELD}))
    ).items
    morning = NOON.replace(hour=1) + timedelta(days=1)  # 09:00 in Shanghai
    assert (held.key, held.held_rule, held.retry_at) == ("promo", "message.quiet_hours", morning)
    assert messaging.next_to_send() == morning
    messaging.send_due(at=morning - timedelta(seconds=1))
    assert mass.keys == [["svc"]]
    messaging.send_due(at=morning)
    assert mass.keys == [["svc"], ["promo"]]
    assert states() == {"sent": 2}
    assert told("delivery.held") == ["delivery.held"]


def test_one_promotional_message_a_day_three_in_seven(mass: Platform) -> None:
    (who,) = people(1)
    messaging.queue([message(f"k{n}", who) for n in range(5)], at=NOON)
    sent = []
    for day in range(12):
        at = NOON + timedelta(days=day)
        while messaging.send_due(at=at).claimed:
            pass
        sent.append(len(mass.calls))
    assert sent == [1, 2, 3, 3, 3, 3, 3, 4, 5, 5, 5, 5]
    assert states() == {"sent": 5}


def test_a_message_with_a_window_is_never_late(mass: Platform) -> None:
    mass.window = timedelta(seconds=20)
    early, late = people(2)
    messaging.queue([message("early", early), message("late", late)], at=NOON)
    messaging.cancel([messaging.deliveries(staff.EVERYTHING).items[0].id], at=NOON)
    report = messaging.send_due(at=NOON + timedelta(seconds=20))
    assert mass.calls == []
    assert report.failed == 1
    assert states() == {"cancelled": 1, "failed": 1}
    assert told("delivery.failed", "delivery.sent") == ["delivery.failed"]


def test_held_past_its_window_it_fails_and_names_the_rule(mass: Platform) -> None:
    mass.window = timedelta(seconds=20)
    (who,) = people(1)
    customers.set_consent(who.customer_id, "*", "*", False, at=NOON, evidence="said so")
    messaging.queue([message("k", who, kind="service")], at=NOON)
    messaging.send_due(at=NOON)
    assert states() == {"held": 1}
    messaging.send_due(at=NOON + timedelta(seconds=20))
    assert mass.calls == []
    assert states() == {"failed": 1}


def test_held_within_its_window_it_leaves_once_the_customer_agrees(mass: Platform) -> None:
    mass.window = timedelta(hours=4)
    (who,) = people(1)
    customers.set_consent(who.customer_id, "*", "promotional", False, at=NOON, evidence="said so")
    messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    assert states() == {"held": 1}
    later = NOON + timedelta(hours=1)
    customers.set_consent(who.customer_id, "*", "promotional", True, at=later, evidence="said so")
    messaging.recheck([who.customer_id], at=later)
    assert messaging.send_due(at=later).sent == 1


@pytest.mark.django_db(transaction=True)
def test_an_opt_out_reaches_what_is_queued_and_what_waits_for_a_member(mass: Platform) -> None:
    mass.on_send = answer_all(Result.WAITING_MEMBER)
    facts.install_cursors()
    waiting, queued, other = people(3)
    messaging.queue([message("w", waiting)], at=NOON)
    messaging.send_due(at=NOON)
    later = NOON + timedelta(hours=5)
    messaging.queue([message("q", queued, due_at=later), message("o", other, due_at=later)], at=NOON)
    for who in (waiting, queued):
        customers.set_consent(who.customer_id, "*", "*", False, at=NOON, evidence="said so")
    hear("messaging.recheck", at=NOON + timedelta(seconds=30))
    assert states() == {"held": 1, "queued": 1, "waiting_member": 1}
    messaging.poll(at=NOON + timedelta(seconds=30))
    assert states() == {"cancelled": 1, "held": 1, "queued": 1}
    reasons = {one.state.value: one.reason for one in messaging.deliveries(staff.EVERYTHING).items}
    assert reasons["cancelled"] == reasons["held"] != "", "why it was withdrawn outlives the withdrawal"
    mass.on_send = answer_all(Result.SENT)
    messaging.send_due(at=later)
    assert mass.keys[-1] == ["o"]


def test_a_wish_that_comes_while_the_platform_is_asked_is_not_lost(mass: Platform) -> None:
    mass.on_send = answer_all(Result.WAITING_MEMBER)
    (who,) = people(1)
    (asked,) = messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    later = NOON + timedelta(minutes=10)

    def withdrawn_meanwhile(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        messaging.cancel([asked.delivery_id], at=later, reason="wrong price")
        return answer_all(Result.WAITING_MEMBER)(items)

    mass.on_query = withdrawn_meanwhile
    messaging.poll(at=later)
    messaging.poll(at=later)
    view = messaging.get_delivery(asked.delivery_id, scope=staff.EVERYTHING)
    assert (view.state, view.reason) == (messaging.DeliveryState.CANCELLED, "wrong price")


@pytest.mark.django_db(transaction=True)
def test_an_opt_out_while_the_message_is_on_its_way_takes_it_back_from_the_member(mass: Platform) -> None:
    facts.install_cursors()
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)

    def says_no_meanwhile(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        customers.set_consent(who.customer_id, "*", "*", False, at=NOON, evidence="said so")
        hear("messaging.recheck", at=NOON)
        return answer_all(Result.WAITING_MEMBER)(items)

    mass.on_send = says_no_meanwhile
    messaging.send_due(at=NOON)
    messaging.poll(at=NOON)
    assert states() == {"cancelled": 1}
    (view,) = messaging.deliveries(staff.EVERYTHING).items
    assert view.reason != "", "why it was withdrawn outlives the withdrawal"


def test_what_was_cancelled_while_it_was_on_its_way_is_not_tried_again(mass: Platform) -> None:
    crowd = people(3)
    (sending, unclear, left) = messaging.queue(
        [message(f"k{n}", who, content=messaging.Content(f"{n}")) for n, who in enumerate(crowd)], at=NOON
    )

    def cancelled_meanwhile(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        (item,) = items
        messaging.cancel([item.delivery_id], at=NOON, reason="wrong price")
        if item.key == "k0":
            raise RetryLater("platform.busy", "busy", after_seconds=0)
        result = Result.UNKNOWN if item.key == "k1" else Result.SENT
        return answer_all(result)(items)

    mass.on_send, mass.on_query = cancelled_meanwhile, answer_all(Result.RETRY)
    messaging.send_due(at=NOON)
    assert states() == {"cancelled": 1, "sent": 1, "unknown": 1}
    messaging.poll(at=NOON)
    messaging.send_due(at=NOON)
    assert len(mass.calls) == 3
    assert states() == {"cancelled": 2, "sent": 1}
    for each in (sending, unclear):
        assert messaging.get_delivery(each.delivery_id, scope=staff.EVERYTHING).reason == "wrong price"
    assert messaging.get_delivery(left.delivery_id, scope=staff.EVERYTHING).reason == ""


@pytest.mark.django_db(transaction=True)
def test_what_waits_for_a_member_is_withdrawn_by_its_name_when_the_person_is_erased(mass: Platform) -> None:
    mass.on_send = answer_all(Result.WAITING_MEMBER)
    facts.install_cursors()
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    customers.erase_customer(who.customer_id, scope=staff.EVERYTHING, at=NOON, by=foundation.SYSTEM)
    hear("messaging.erased", at=NOON)

    def withdraw(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        assert [item.ref for item in items] == ["p:k"], "the platform knows the task by this name only"
        return answer_all(Result.CANCELLED)(items)

    mass.on_cancel = withdraw
    messaging.poll(at=NOON)
    assert states() == {"cancelled": 1}


@pytest.mark.django_db(transaction=True)
def test_a_merge_and_its_undoing_ask_policy_again(mass: Platform) -> None:
    mass.on_send = answer_all(Result.WAITING_MEMBER)
    facts.install_cursors()
    refusing, writing = people(2)
    customers.set_consent(refusing.customer_id, "*", "*", False, at=NOON, evidence="said so")
    later = NOON + timedelta(days=1)
    messaging.queue([message("waits", writing), message("comes", writing, due_at=later)], at=NOON)
    messaging.send_due(at=NOON)
    hear("messaging.recheck", "messaging.merged", at=NOON)
    merge = customers.merge(writing.customer_id, refusing.customer_id, at=NOON, by=foundation.SYSTEM)
    hear("messaging.recheck", "messaging.merged", at=NOON)
    messaging.poll(at=NOON)
    assert states() == {"cancelled": 1, "held": 1}, "one person, who wants no messages"
    customers.undo_merge(merge, at=later, by=foundation.SYSTEM)
    hear("messaging.recheck", "messaging.merged", at=later)
    messaging.send_due(at=later)
    assert mass.keys == [["waits"], ["comes"]], "two people after all, and this one had not refused"


def test_what_was_handed_over_and_cannot_be_withdrawn_says_so(mass: Platform) -> None:
    mass.on_send = answer_all(Result.WAITING_MEMBER)
    mass.on_cancel = answer_all(Result.FAILED, reason="已下发,无法单独撤回")
    (who,) = people(1)
    (asked,) = messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    report = messaging.cancel([asked.delivery_id], at=NOON)
    assert (report.cancelled, report.asked, report.too_late) == (0, 1, 0)
    messaging.poll(at=NOON)
    view = messaging.get_delivery(asked.delivery_id, scope=staff.EVERYTHING)
    assert (view.state, view.reason) == (messaging.DeliveryState.WAITING_MEMBER, "已下发,无法单独撤回")


def test_a_member_is_reminded_once_per_wish_and_confirms(mass: Platform) -> None:
    mass.on_send = answer_all(Result.WAITING_MEMBER)
    (who,) = people(1)
    (asked,) = messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    assert messaging.remind([asked.delivery_id], at=NOON) == 1
    messaging.poll(at=NOON)
    assert messaging.poll(at=NOON).claimed == 0
    assert mass.reminded == ["k"]
    mass.on_query = answer_all(Result.SENT)
    messaging.poll(at=NOON + timedelta(minutes=10))
    assert states() == {"sent": 1}
    assert told("delivery.handed_over", "delivery.sent") == ["delivery.handed_over", "delivery.sent"]


def cut_off(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
    """The platform gives no answer."""
    raise RetryLater("platform.away", "away")


def test_a_question_without_an_answer_is_asked_again_soon(mass: Platform) -> None:
    mass.on_send = answer_all(Result.WAITING_MEMBER)
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    mass.on_query = answer_all(Result.WAITING_MEMBER)
    days_later = NOON + timedelta(days=4, minutes=1)
    messaging.poll(at=days_later)
    half_a_day = NOON + timedelta(days=4, hours=8)  # the next noon or midnight, UTC
    assert messaging.poll(at=half_a_day - timedelta(minutes=1)).claimed == 0
    mass.on_query = cut_off
    assert messaging.poll(at=half_a_day).claimed == 1
    mass.on_query = answer_all(Result.FAILED, reason="不是好友")
    assert messaging.poll(at=half_a_day + timedelta(minutes=4)).claimed == 0
    assert messaging.poll(at=half_a_day + timedelta(minutes=5)).claimed == 1
    assert states() == {"failed": 1}


def test_nothing_follows_from_a_question_without_an_answer(mass: Platform) -> None:
    mass.on_send = mass.on_query = answer_all(Result.UNKNOWN)
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    mass.on_query = cut_off
    for number in range(30):  # longer than the number of questions that count
        assert messaging.poll(at=NOON + timedelta(minutes=5 * number)).claimed == 1
        assert states() == {"unknown": 1}
    mass.on_query = answer_all(Result.SENT)
    assert messaging.poll(at=NOON + timedelta(hours=3)).sent == 1
    assert len(mass.calls) == 1


def test_attempts_that_are_asked_about_together_are_each_settled(mass: Platform) -> None:
    mass.max_batch = 2
    mass.on_send = lambda items: [messaging.Outcome(item.delivery_id, Result.UNKNOWN) for item in items]
    messaging.queue([message(f"k{n}", who) for n, who in enumerate(people(4))], at=NOON)
    messaging.send_due(at=NOON)
    assert mass.keys == [["k0", "k1"], ["k2", "k3"]]
    mass.max_batch = 100
    mass.on_query = answer_all(Result.FAILED, reason="不是好友")
    assert messaging.poll(at=NOON).failed == 4
    assert [len(asked) for asked in mass.asked] == [4]
    assert states() == {"failed": 4}


def test_what_is_one_task_at_the_platform_is_asked_as_one(mass: Platform) -> None:
    mass.on_send = lambda items: [
        messaging.Outcome(item.delivery_id, Result.WAITING_MEMBER, ref="task-1") for item in items
    ]
    crowd = people(7)
    messaging.queue([message(f"k{n}", who) for n, who in enumerate(crowd)], at=NOON)
    messaging.send_due(at=NOON)
    messaging.cancel_purpose("test", at=NOON)
    asked: list[int] = []

    def withdraw(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        asked.append(len(items))
        return answer_all(Result.CANCELLED)(items)

    mass.on_cancel = withdraw
    messaging.poll(at=NOON, limit=2)
    assert asked == [7]
    assert states() == {"cancelled": 7}


def test_conservation_per_purpose(mass: Platform) -> None:
    crowd = people(6)
    mass.on_send = lambda items: [
        messaging.Outcome(item.delivery_id, Result.FAILED if item.key == "k0" else Result.SENT)
        for item in items
    ]
    customers.set_consent(crowd[1].customer_id, "*", "*", False, at=NOON, evidence="x")
    messaging.queue(
        [message(f"k{n}", who, purpose_key=f"journey:1:s{n % 2}") for n, who in enumerate(crowd)], at=NOON
    )
    messaging.send_due(at=NOON)
    lines = messaging.counts_by_purpose("journey:1:")
    assert [line.queued_total for line in lines] == [3, 3]
    assert all(line.queued_total == sum(line.states.values()) for line in lines)
    assert lines[1].held_rules == {"message.opted_out": 1}
    assert states() == {"failed": 1, "held": 1, "sent": 4}


def test_a_delivery_out_of_scope_is_not_there(mass: Platform) -> None:
    (who,) = people(1)
    (asked,) = messaging.queue([message("k", who)], at=NOON)
    with pytest.raises(NotFound):
        messaging.get_delivery(asked.delivery_id, scope=staff.NOTHING)
    assert messaging.deliveries(staff.NOTHING).total == 0
    assert messaging.visible_ids([asked.delivery_id], scope=staff.NOTHING) == []
