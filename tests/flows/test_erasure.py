"""A word about one person, told at every door, stands nowhere once the person is erased."""

from __future__ import annotations

from datetime import timedelta

import pytest

from siyu.actions.messaging import api as messaging
from siyu.actions.work import api as work
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.kit import clock
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.customers.contracts import PageViewed
from siyu.records.staff import api as staff
from tests.browser import brand

WORD = "翡翠凤凰"
BY = foundation.Principal(foundation.Role.OWNER, "老板", (foundation.SCOPE_ALL,), user_id=1)
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
)
VOCABULARY = {"records_customers_tag"}
"""Words for everybody, of which nobody can tell whom they were said of."""


def standing() -> dict[str, int]:
    """Table → how many rows hold the word."""
    found = {}
    for (table,) in foundation.fetch(_TABLES):
        [(count,)] = foundation.fetch(
            f'SELECT count(*) FROM "{table}" x WHERE x::text LIKE %s', [f"%{WORD}%"]
        )
        if count and table not in VOCABULARY:
            found[table] = count
    return found


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_no_word_about_a_person_outlives_the_erasure() -> None:
    made = brand.make(clock.business_now())
    at, who, lina = made.at, made.customers[4], made.employees["lina"]
    subject = customers.anchors_of([who])[who]
    journey = {
        "entry": {"fact": "customer.tagged"},
        "steps": [{"id": "later", "type": "wait", "params": {"days": 9}}],
    }
    journeys.publish(journeys.create_journey("贴标后", journey, at=at), at=at)
    customers.update_profiles([customers.ProfileSpec(who, name=f"{WORD}小姐")], at=at, source="test")
    customers.tag([who], f"喜欢{WORD}", at=at, source="test")
    customers.assign([who], lina, at=at, reason=f"{WORD}要求换人", by=BY)
    customers.set_consent(who, "sms", "promotional", False, at=at, evidence=f"{WORD}来电")
    [task] = work.create_tasks(
        [work.TaskSpec("w", lina, who, "follow_up", f"回访{WORD}", at, reason=WORD, draft=f"{WORD}您好")],
        at=at,
    )
    work.complete(task.task_id, scope=staff.EVERYTHING, by=BY, at=at, note=f"{WORD}很满意")
    messaging.queue(
        [
            messaging.DeliverySpec(
                key="w", customer_id=who, channel="wecom.mass", kind="promotional", due_at=at + timedelta(days=1),
                content=messaging.Content(f"{WORD}您好"), purpose_key="w", employee_id=lina,
            )
        ],
        at=at,
    )  # fmt: skip
    line = commerce.LineSpec(1, "R", "戒指", 1, 100)
    commerce.record_orders(
        [commerce.OrderSpec("天猫", "W1", at, (line,), at, subject_id=subject, buyer_hint=f"{WORD}**")], at=at
    )
    page = PageViewed(f"https://shop.example/{WORD}", WORD)
    facts.record([facts.NewFact("page.viewed", page, at, subject, "test", "w")], at=at)
    facts.drain(at=at)
    assert len(standing()) >= 9, standing()
    told = str(customers.export_customer(who, scope=staff.EVERYTHING, at=at, by=BY))
    assert told.count(WORD) >= 12
    assert f"{WORD}很满意" in told
    with foundation.transaction():
        customers.erase_customer(who, scope=staff.EVERYTHING, at=at, by=BY)
    facts.drain(at=at)
    assert standing() == {}
