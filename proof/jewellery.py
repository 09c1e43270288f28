"""The brand of the demonstration with journeys that go through every kind of step within hours.

Hold-outs are on from the first person, so that a small run has some.
"""

from __future__ import annotations

from typing import Any

from siyu.config.demo import jewellery
from siyu.config.demo.twin_door import TwinDoor
from siyu.decisions.journeys import api as journeys
from siyu.foundation import api as foundation
from siyu.foundation.api import SYSTEM
from siyu.kit import clock

# Quiet hours and caps let most through: what is held meets no fault.
SETTINGS = {
    "goals.minimum_audience": 0,
    "journeys.holdout_percent": 30,
    "policy.quiet_from": "02:00",
    "policy.quiet_until": "05:00",
    "policy.cap_per_day": 4,
    "policy.cap_per_7_days": 20,
}

INVITE = "本周门店上了一批新款,欢迎来试戴。——{clerk}"
THANKS = "谢谢惠顾,保养随时找我。——{clerk}"
GIFT = 50

WELCOME: dict[str, Any] = {
    "entry": {"fact": "contact.added"},
    "reentry": {"days": None},
    "exit_on": ["contact.ended"],
    "steps": [
        {
            "id": "welcome",
            "type": "message",
            "params": {"channel": "wecom.welcome", "kind": "service", "text": "您好,我是{brand}的{clerk}。"},
        },
        {"id": "a_while", "type": "wait", "params": {"hours": 2}},
        {
            "id": "task",
            "type": "task",
            "params": {"kind": "follow_up", "title": "给{customer}发送保养指南", "expires_days": 1},
        },
        {"id": "longer", "type": "wait", "params": {"hours": 3}},
        {
            "id": "bought",
            "type": "branch",
            "cases": [{"when": [{"kind": "happened", "fact": "order.paid"}], "next": "tag"}],
            "otherwise": "invite",
        },
        {"id": "tag", "type": "tag", "params": {"tag": "首日购买"}},
        {"id": "gift", "type": "points", "params": {"amount": GIFT, "memo": "感谢"}, "next": "rest"},
        {
            "id": "invite",
            "type": "message",
            "params": {"channel": "wecom.mass", "kind": "promotional", "text": INVITE},
        },
        {"id": "rest", "type": "wait", "params": {"hours": 2}},
        {"id": "end", "type": "end"},
    ],
}
AFTER_SALE: dict[str, Any] = {
    "entry": {"fact": "order.paid"},
    "reentry": {"days": 1},
    "steps": [
        {"id": "soon", "type": "wait", "params": {"hours": 1}},
        {
            "id": "thanks",
            "type": "message",
            "params": {"channel": "wecom.mass", "kind": "promotional", "text": THANKS},
        },
        {"id": "end", "type": "end"},
    ],
}


def prepare(twin: TwinDoor) -> None:
    """Name, accounts, segments, journeys, connection; and hold-outs from the first person on."""
    with foundation.transaction():
        at = clock.business_now()
        for key, value in SETTINGS.items():
            foundation.set_setting(key, value, at=at, by=SYSTEM)
        # Under the key of the shipped journey, so that the brand's own set-up leaves it alone.
        for name, key, definition in (
            ("欢迎", journeys.WELCOME_KEY, WELCOME),
            ("售后", "proof-after-sale", AFTER_SALE),
        ):
            journeys.publish(journeys.create_journey(name, definition, at=at, key=key), at=at)
    jewellery.prepare(twin)


connect = jewellery.connect
