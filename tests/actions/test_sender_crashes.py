"""A sender that dies, is slow, or hears nothing: each unclear policy, and two senders at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from django.db import connection

from siyu.actions.messaging import api as messaging
from siyu.foundation import api as foundation
from siyu.kit.errors import OutcomeUnknown, Permanent, RetryLater
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff
from tests.actions.world import (
    NOON,
    Died,
    Platform,
    answer_all,
    channel,
    in_threads,
    message,
    people,
    states,
    told,
)

Result, Unclear = messaging.Result, messaging.Unclear
pytestmark = pytest.mark.django_db
committing = pytest.mark.django_db(transaction=True)
NOW = timedelta(0)
SECOND = timedelta(seconds=1)


@pytest.fixture
def mass() -> Iterator[Platform]:
    with channel(Platform()) as platform:
        yield platform


def rest_over() -> None:
    """Wall time passes: what rests after a failed attempt may be tried again."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actions_messaging_delivery SET run_after = NULL")


def die_after_arriving(platform: Platform) -> None:
    """The platform takes the message; the process dies before it reads the answer."""

    def died(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        raise Died

    platform.on_send = died
    with pytest.raises(Died):
        messaging.send_due(at=NOON, lease=NOW)
    platform.on_send = answer_all(Result.SENT)


def settle(at_seconds: int = 1) -> messaging.SendReport:
    with foundation.transaction():
        return messaging.resolve_unclear(at=NOON + at_seconds * SECOND)


def only() -> messaging.DeliveryView:
    (view,) = messaging.deliveries(staff.EVERYTHING).items
    return view


@committing
def test_the_port_is_called_in_no_transaction(mass: Platform) -> None:
    (who,) = people(1)
    with foundation.transaction():
        messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    mass.on_query = answer_all(Result.DELIVERED)
    assert mass.in_transaction == [False]


def test_while_the_lease_lasts_nobody_touches_it(mass: Platform) -> None:
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)

    def died(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        raise Died

    mass.on_send = died
    with pytest.raises(Died):
        messaging.send_due(at=NOON)
    assert settle() == messaging.SendReport()
    assert messaging.send_due(at=NOON) == messaging.SendReport()
    assert messaging.poll(at=NOON) == messaging.SendReport()
    assert states() == {"sending": 1}
    assert len(mass.calls) == 1


@committing
def test_query_finds_what_arrived_and_does_not_send_again(mass: Platform) -> None:
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    die_after_arriving(mass)
    assert settle().unknown == 1
    assert states() == {"unknown": 1}
    mass.on_query = answer_all(Result.SENT)
    messaging.poll(at=NOON + SECOND)
    messaging.send_due(at=NOON + 2 * SECOND)
    assert states() == {"sent": 1}
    assert mass.keys == [["k"]]
    assert told("delivery.unknown", "delivery.sent") == ["delivery.sent", "delivery.unknown"]


def test_query_finds_that_nothing_arrived_and_it_is_sent(mass: Platform) -> None:
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    die_after_arriving(mass)
    settle()
    mass.on_query = answer_all(Result.RETRY)
    messaging.poll(at=NOON + SECOND)
    assert states() == {"queued": 1}
    rest_over()
    messaging.send_due(at=NOON + 2 * SECOND)
    assert states() == {"sent": 1}
    assert mass.keys == [["k"], ["k"]]


def test_query_that_never_learns_stops_asking_and_stays_unknown(mass: Platform) -> None:
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    die_after_arriving(mass)
    settle()
    asked = []
    for minute in range(1, 800):
        rest_over()
        if messaging.poll(at=NOON + timedelta(minutes=minute)).claimed:
            asked.append(minute)
    assert asked == [1, 2, 3, 4, 5, 15, 35, 75, 155, 315]
    assert states() == {"unknown": 1}
    assert messaging.next_to_ask() is None
    assert messaging.ask_again([only().id], at=NOON + timedelta(days=1)) == 1
    mass.on_query = answer_all(Result.FAILED, reason="never seen")
    messaging.poll(at=NOON + timedelta(days=1))
    assert states() == {"failed": 1}
    assert mass.keys == [["k"]]


def test_safe_repeat_sends_again_inside_the_window(mass: Platform) -> None:
    mass.unclear, mass.window = Unclear.SAFE_REPEAT, timedelta(seconds=20)
    (who,) = people(1)
    messaging.queue([message("k", who, kind="service")], at=NOON)
    die_after_arriving(mass)
    assert settle(7).retried == 1
    rest_over()
    messaging.send_due(at=NOON + 8 * SECOND)
    assert [call[0].attempt for call in mass.calls] == [1, 2]
    assert states() == {"sent": 1}


@pytest.mark.parametrize("noticed_at", [7, 21])
def test_safe_repeat_past_the_window_is_unknown_not_failed(mass: Platform, noticed_at: int) -> None:
    mass.unclear, mass.window = Unclear.SAFE_REPEAT, timedelta(seconds=20)
    (who,) = people(1)
    messaging.queue([message("k", who, kind="service")], at=NOON)
    die_after_arriving(mass)
    settle(noticed_at)
    rest_over()
    messaging.send_due(at=NOON + 22 * SECOND)
    assert mass.keys == [["k"]]
    assert states() == {"unknown": 1}


def test_a_refused_repetition_does_not_prove_that_the_first_one_failed(mass: Platform) -> None:
    mass.unclear = Unclear.SAFE_REPEAT
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    die_after_arriving(mass)
    settle()
    rest_over()
    mass.on_send = answer_all(Result.FAILED, reason="no longer a friend")
    messaging.send_due(at=NOON + SECOND)
    messaging.send_due(at=NOON + timedelta(hours=1))
    assert (states(), only().reason) == ({"unknown": 1}, "no longer a friend")
    assert len(mass.calls) == 2


def test_unknown_final_is_shown_and_never_tried_again(mass: Platform) -> None:
    mass.unclear = Unclear.UNKNOWN_FINAL
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    die_after_arriving(mass)
    settle()
    for hour in range(3):
        at = NOON + timedelta(hours=hour)
        messaging.send_due(at=at)
        messaging.poll(at=at)
    assert states() == {"unknown": 1}
    assert (mass.keys, mass.asked) == ([["k"]], [])


@pytest.mark.parametrize(
    ("error", "after"),
    [
        (RetryLater("token.none"), "queued"),
        (Permanent("refused"), "failed"),
        (OutcomeUnknown("cut.off"), "unknown"),
        (ConnectionResetError("cut off"), "unknown"),
    ],
)
def test_what_a_port_raises_decides(mass: Platform, error: Exception, after: str) -> None:
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)

    def raising(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        raise error

    mass.on_send = raising
    messaging.send_due(at=NOON)
    messaging.send_due(at=NOON)
    assert states() == {after: 1}
    assert len(mass.calls) == 1


def test_an_item_the_answer_leaves_out_is_unknown(mass: Platform) -> None:
    crowd = people(3)
    messaging.queue([message(f"k{n}", who) for n, who in enumerate(crowd)], at=NOON)
    mass.on_send = lambda items: [messaging.Outcome(items[0].delivery_id, Result.SENT)]
    messaging.send_due(at=NOON)
    assert states() == {"sent": 1, "unknown": 2}


def test_retry_gives_up_after_a_day_of_attempts(mass: Platform) -> None:
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)
    mass.on_send = answer_all(Result.RETRY, reason="busy")
    messaging.send_due(at=NOON)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE actions_messaging_delivery SET attempts = 147")
    for _attempt in range(6):
        rest_over()
        messaging.send_due(at=NOON)
    assert [call[0].attempt for call in mass.calls] == [1, 148, 149, 150]
    assert (states(), only().reason) == ({"failed": 1}, "busy")


@pytest.mark.parametrize("seconds", [1, 15])
def test_a_platform_that_is_away_for_hours_costs_no_message(mass: Platform, seconds: float) -> None:
    """However soon it says to come again: 1 s where calls are too many, 15 s where it cannot be reached."""
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)

    def away(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        raise RetryLater("platform.away", "away", after_seconds=seconds)

    mass.on_send = away
    rested = timedelta(0)
    while states() == {"queued": 1}:
        messaging.send_due(at=NOON)
        ((rest,),) = foundation.fetch("SELECT run_after - clock_timestamp() FROM actions_messaging_delivery")
        rested += rest or timedelta(0)
        rest_over()
        if len(mass.calls) < 10:
            assert (rest or rested) < timedelta(seconds=seconds + 1), "at first as soon as it says"
    assert timedelta(hours=12) < rested < timedelta(hours=48)
    assert states() == {"failed": 1}


def test_a_slow_first_answer_is_still_believed(mass: Platform) -> None:
    """The lease ran out while the port was slow; its good news comes after the row was queued again."""
    mass.unclear = Unclear.SAFE_REPEAT
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)

    def slow(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        settle()
        assert states() == {"queued": 1}
        return answer_all(Result.SENT)(items)

    mass.on_send = slow
    messaging.send_due(at=NOON, lease=NOW)
    rest_over()
    messaging.send_due(at=NOON + 5 * SECOND)
    assert states() == {"sent": 1}
    assert mass.keys == [["k"]]


def test_what_somebody_settled_meanwhile_is_not_called_any_more(mass: Platform) -> None:
    """The lease of a whole claim runs out while its first call is slow: the second is not made."""
    mass.unclear, mass.max_batch = Unclear.UNKNOWN_FINAL, 1
    crowd = people(2)
    messaging.queue([message(f"k{n}", who) for n, who in enumerate(crowd)], at=NOON)

    def slow(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        settle()
        return answer_all(Result.SENT)(items)

    mass.on_send = slow
    messaging.send_due(at=NOON, lease=NOW)
    assert len(mass.calls) == 1
    assert states() == {"sent": 1, "unknown": 1}


def test_a_claim_that_took_too_long_does_not_send_late(mass: Platform) -> None:
    mass.window, mass.max_batch = timedelta(seconds=2), 1
    crowd = people(3)
    messaging.queue([message(f"k{n}", who, kind="service") for n, who in enumerate(crowd)], at=NOON)

    def slow(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        time.sleep(2.05)
        return answer_all(Result.SENT)(items)

    mass.on_send = slow
    messaging.send_due(at=NOON)
    assert len(mass.calls) == 1
    assert states() == {"failed": 2, "sent": 1}


def test_bad_news_of_an_old_attempt_is_not_believed(mass: Platform) -> None:
    mass.unclear = Unclear.SAFE_REPEAT
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)

    def slow(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        mass.on_send = answer_all(Result.WAITING_MEMBER)
        settle()
        rest_over()
        messaging.send_due(at=NOON + SECOND)
        return answer_all(Result.FAILED, reason="too slow")(items)

    mass.on_send = slow
    messaging.send_due(at=NOON, lease=NOW)
    assert states() == {"waiting_member": 1}
    assert len(mass.calls) == 2


@committing
def test_two_senders_never_send_one_delivery_twice_nor_pass_the_cap(mass: Platform) -> None:
    mass.max_batch = 5
    crowd = people(60)
    messaging.queue(
        [message(f"{turn}:{n}", who) for turn in ("a", "b") for n, who in enumerate(crowd)], at=NOON
    )

    def work(_number: int) -> None:
        for _turn in range(12):
            messaging.send_due(at=NOON, limit=30)

    assert in_threads(4, work) == []
    sent = [item.key for call in mass.calls for item in call]
    assert len(sent) == len(set(sent)) == 60
    assert len({item.customer_id for call in mass.calls for item in call}) == 60
    assert states() == {"held": 60, "sent": 60}


@committing
def test_queueing_the_same_keys_at_once_is_once(mass: Platform) -> None:
    crowd = people(20)
    new: list[bool] = []

    def work(_number: int) -> None:
        with foundation.transaction():
            answers = messaging.queue([message(f"k{n}", who) for n, who in enumerate(crowd)], at=NOON)
        new.extend(answer.new for answer in answers)

    assert in_threads(6, work) == []
    assert (len(new), sum(new)) == (120, 20)
    assert states() == {"queued": 20}
    assert len(told("delivery.queued")) == 20


def test_a_call_whose_lease_has_passed_to_another_sender_is_not_made(mass: Platform) -> None:
    first, second = people(2)
    messaging.queue(
        [
            message("a", first, content=messaging.Content("一")),
            message("b", second, content=messaging.Content("二")),
        ],
        at=NOON,
    )
    made: list[str] = []

    def hangs(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        made.extend(item.key for item in items)
        if len(made) == 1:  # while the first call hangs, another worker takes over what waits behind it
            settle()
            mass.on_query = answer_all(Result.RETRY)
            messaging.poll(at=NOON + SECOND)
            messaging.send_due(at=NOON + 2 * SECOND)
        return answer_all(Result.SENT)(items)

    mass.on_send = hangs
    messaging.send_due(at=NOON, lease=NOW)
    assert sorted(made) == sorted(set(made)), made


def test_what_was_cancelled_in_doubt_is_not_repeated_by_asking_again(mass: Platform) -> None:
    mass.unclear, mass.on_send = Unclear.SAFE_REPEAT, answer_all(Result.UNKNOWN)
    (who,) = people(1)
    (asked,) = messaging.queue([message("k", who)], at=NOON)
    messaging.send_due(at=NOON)
    messaging.cancel([asked.delivery_id], at=NOON, reason="wrong price")
    assert states() == {"unknown": 1}
    assert messaging.ask_again([asked.delivery_id], at=NOON) == 1
    messaging.poll(at=NOON)
    rest_over()
    messaging.send_due(at=NOON)
    assert mass.keys == [["k"]]
    assert (states(), only().reason) == ({"unknown": 1}, "wrong price")


def test_a_slow_first_answer_is_believed_of_a_message_held_meanwhile(mass: Platform) -> None:
    mass.unclear = Unclear.SAFE_REPEAT
    (who,) = people(1)
    messaging.queue([message("k", who)], at=NOON)

    def slow(items: Sequence[messaging.SendItem]) -> Sequence[messaging.Outcome]:
        settle()
        customers.set_consent(who.customer_id, "*", "promotional", False, at=NOON, evidence="said so")
        messaging.recheck([who.customer_id], at=NOON)
        assert states() == {"held": 1}
        return answer_all(Result.SENT)(items)

    mass.on_send = slow
    messaging.send_due(at=NOON, lease=NOW)
    assert states() == {"sent": 1}
    customers.set_consent(who.customer_id, "*", "promotional", True, at=NOON + SECOND, evidence="said so")
    messaging.recheck([who.customer_id], at=NOON + SECOND)
    rest_over()
    messaging.send_due(at=NOON + SECOND)
    assert mass.keys == [["k"]]
