"""Effects: applied twice is once; who cannot be acted on is named."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from siyu.actions.effects import api as effects
from siyu.actions.messaging import api as messaging
from siyu.actions.work import api as work
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers import api as customers
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff
from tests.actions.world import NOON, Platform, Someone, channel, clerks, hear, message, people, states

pytestmark = pytest.mark.django_db
MESSAGE = {"channel": "test.mass", "kind": "service", "text": "{customer}您好,{clerk}敬上 {brand}"}


@pytest.fixture
def mass() -> Iterator[Platform]:
    with channel(Platform()) as platform:
        yield platform


def items(crowd: list[Someone], params: dict[str, Any], **extra: Any) -> list[effects.EffectItem]:
    return [
        effects.EffectItem(
            key=f"test:{number}",
            customer_id=who.customer_id,
            subject_id=who.subject_id,
            params=params,
            **{"employee_id": None, "purpose_key": "journey:7:s", **extra},
        )
        for number, who in enumerate(crowd)
    ]


def apply_twice(name: str, batch: list[effects.EffectItem]) -> list[effects.EffectResult]:
    effect = effects.EFFECTS.get(name)
    assert effect.validate(batch[0].params) == {}
    first = list(effect.apply(batch, at=NOON))
    assert list(effect.apply(batch, at=NOON)) == first
    return first


def test_points_come_from_the_owners_account_once() -> None:
    crowd = people(3)
    results = apply_twice("points", items(crowd, {"amount": 50}, owner_kind="journey", owner_id=7))
    assert [result.status for result in results] == [effects.EffectStatus.DONE] * 3
    assert [ledger.balance(who.customer_id) for who in crowd] == [50, 50, 50]
    assert ledger.account_total(ledger.campaign_account("journey", 7)) == -150
    assert ledger.check_balances() == []


def test_a_message_is_filled_in_and_queued_once(mass: Platform) -> None:
    (clerk,), (who,) = clerks(), people(1)
    customers.update_profiles([customers.ProfileSpec(who.customer_id, name="王芳")], at=NOON, source="test")
    foundation.set_setting("brand.name", "金秋珠宝", at=NOON, by=foundation.SYSTEM)
    apply_twice("message", items([who], MESSAGE, employee_id=clerk))
    (view,) = messaging.deliveries(staff.EVERYTHING).items
    assert (view.text, view.purpose_key) == ("王芳您好,小0敬上 金秋珠宝", "journey:7:s")


def test_a_reply_needs_its_code_and_comes_from_who_was_asked(mass: Platform) -> None:
    mass.context_keys, mass.window, mass.needs_friend = ("welcome_ref",), timedelta(seconds=20), True
    steward, asked = clerks(2)
    with_code, without = people(2)
    context = {"welcome_ref": "CODE", "employee_id": asked}
    (done,) = effects.EFFECTS.get("message").apply(
        items([with_code], MESSAGE, employee_id=steward, context=context, began_at=NOON), at=NOON
    )
    (skipped,) = effects.EFFECTS.get("message").apply(
        items([without], MESSAGE, employee_id=steward, context={"employee_id": asked}, began_at=NOON), at=NOON
    )
    assert done.status is effects.EffectStatus.DONE
    assert (skipped.status, skipped.reason) == (effects.EffectStatus.SKIPPED, "no_reply_code")
    (view,) = messaging.deliveries(staff.EVERYTHING).items
    assert (view.employee_id, view.expires_at) == (asked, NOON + timedelta(seconds=20))


def test_nobody_to_do_it_is_named() -> None:
    (clerk,), crowd = clerks(), people(2)
    params = {"kind": "care", "title": "问候{customer}", "expires_days": 3}
    served = items(crowd, params, employee_id=clerk)[:1]
    alone = items(crowd, params)[1:]
    results = apply_twice("task", served + alone)
    assert [(result.status.value, result.reason) for result in results] == [
        ("done", ""),
        ("skipped", "no_employee"),
    ]
    (task,) = work.tasks(staff.EVERYTHING, at=NOON).items
    assert (task.employee_id, task.expires_at) == (clerk, NOON + timedelta(days=3))


def test_tags_on_and_off() -> None:
    crowd = people(3)
    ids = [who.customer_id for who in crowd]
    apply_twice("tag", items(crowd, {"tag": "首周购买"}))
    assert customers.tags_of(ids) == dict.fromkeys(ids, ["首周购买"])
    assert len(facts.read(names=["customer.tagged"])) == 3
    apply_twice("untag", items(crowd[:1], {"tag": "首周购买"}))
    assert not customers.tags_of(ids[:1]).get(ids[0])


@pytest.mark.parametrize(
    ("name", "params", "field"),
    [
        ("message", {**MESSAGE, "text": ""}, "text"),
        ("message", {**MESSAGE, "text": "{phone}"}, "text"),
        ("message", {**MESSAGE, "text": "长" * 1001}, "text"),
        ("message", {**MESSAGE, "kind": "spam"}, "kind"),
        ("message", {**MESSAGE, "channel": "none"}, "channel"),
        ("message", {**MESSAGE, "secret": 1}, "secret"),
        ("task", {"kind": "care", "title": "x", "expires_days": 0}, "expires_days"),
        ("points", {"amount": 0}, "amount"),
        ("points", {"amount": "50"}, "amount"),
        ("points", {"amount": True}, "amount"),
        ("tag", {"tag": 5}, "tag"),
    ],
)
def test_wrong_parameters_are_named(mass: Platform, name: str, params: dict[str, Any], field: str) -> None:
    wrong = effects.EFFECTS.get(name).validate(params)
    assert set(wrong) == {field}
    assert str(wrong[field])


def test_one_text_for_many_names_nobody(mass: Platform) -> None:
    mass.needs_member = True
    assert set(effects.EFFECTS.get("message").validate(MESSAGE)) == {"text"}
    assert effects.EFFECTS.get("message").validate({**MESSAGE, "text": "{clerk}敬上"}) == {}


def test_erasing_a_customer_blanks_what_was_written(mass: Platform) -> None:
    (clerk,), (who, other) = clerks(), people(2)
    messaging.queue([message("k", who), message("o", other)], at=NOON)
    work.create_tasks(
        [work.TaskSpec("t", clerk, who.customer_id, work.CARE, "问候", NOON, subject_id=who.subject_id)],
        at=NOON,
    )
    customers.erase_customer(who.customer_id, scope=staff.EVERYTHING, at=NOON, by=foundation.SYSTEM)
    texts = {view.key: view.text for view in messaging.deliveries(staff.EVERYTHING).items}
    assert texts == {"k": "", "o": "你好"}
    assert work.tasks(staff.EVERYTHING, at=NOON).total == 0
    messaging.send_due(at=NOON)
    assert mass.keys == [["o"]]
    assert states() == {"held": 1, "sent": 1}


def test_after_a_merge_deliveries_and_tasks_are_the_kept_customers(mass: Platform) -> None:
    facts.install_cursors()
    (clerk,), (kept, merged) = clerks(), people(2)
    messaging.queue([message("k", merged)], at=NOON)
    work.create_tasks(
        [
            work.TaskSpec(
                "t", clerk, merged.customer_id, work.CARE, "问候", NOON, subject_id=merged.subject_id
            )
        ],
        at=NOON,
    )
    merge_id = customers.merge(kept.customer_id, merged.customer_id, at=NOON, by=foundation.SYSTEM)
    for owner in (kept.customer_id, merged.customer_id):
        hear("messaging.merged", "work.merged", at=NOON)
        assert [view.customer_id for view in messaging.deliveries(staff.EVERYTHING).items] == [owner]
        assert [view.customer_id for view in work.tasks(staff.EVERYTHING, at=NOON).items] == [owner]
        if owner == kept.customer_id:
            customers.undo_merge(merge_id, at=NOON, by=foundation.SYSTEM)
