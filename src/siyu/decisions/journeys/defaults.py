"""The journeys every installation starts with."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from siyu.decisions.journeys.models import Journey
from siyu.decisions.journeys.operations.author import create_journey, publish

WELCOME_KEY = "welcome"

# The texts are the brand's, in Chinese, to be edited in the console; they are data, not screen words.
WELCOME: dict[str, Any] = {
    "entry": {"fact": "contact.added"},
    "reentry": {"days": None},
    "exit_on": ["contact.ended"],
    "steps": [
        {
            "id": "welcome",
            "type": "message",
            "label": "欢迎语",
            "params": {
                "channel": "wecom.welcome",
                "kind": "service",
                "text": "您好,我是{brand}的{clerk},很高兴认识您!以后选款、保养、售后都可以直接找我。",
            },
        },
        {
            "id": "next_morning",
            "type": "wait",
            "label": "等到次日 10:00",
            "params": {"days": 1, "at": "10:00"},
        },
        {
            "id": "care_task",
            "type": "task",
            "label": "发送保养指南",
            "params": {
                "kind": "follow_up",
                "title": "给{customer}发送保养指南",
                "reason": "昨天刚加上好友,第一次问候最容易得到回复",
                "draft": "{customer}您好,我是{clerk}。给您整理了一份首饰保养小指南,有任何问题随时找我。",
                "expires_days": 3,
            },
        },
        {"id": "three_days", "type": "wait", "label": "等 3 天", "params": {"days": 3}},
        {
            "id": "bought",
            "type": "branch",
            "label": "买过了吗",
            "cases": [
                {
                    "label": "已购买",
                    "when": [{"kind": "happened", "fact": "order.paid"}],
                    "next": "tag_buyer",
                }
            ],
            "otherwise": "invite",
        },
        {"id": "tag_buyer", "type": "tag", "label": "打标签", "params": {"tag": "首周购买"}},
        {
            "id": "thanks",
            "type": "points",
            "label": "感谢积分",
            "params": {"amount": 50, "memo": "首周购买感谢"},
            "next": "day_seven",
        },
        {
            "id": "invite",
            "type": "message",
            "label": "到店邀请",
            "params": {
                "channel": "wecom.mass",
                "kind": "promotional",
                "text": "本周门店上了一批新款,欢迎来试戴,到店报我的名字有小礼物哦。——{clerk}",
            },
        },
        {"id": "day_seven", "type": "wait", "label": "等到第 7 天", "params": {"days": 3}},
        {"id": "end", "type": "end", "label": "结束"},
    ],
}


def install_defaults(at: datetime) -> list[int]:
    """Create and publish the default journeys that are not there yet (known by key); returns the new ids."""
    made = []
    if not Journey.objects.filter(key=WELCOME_KEY).exists():
        journey_id = create_journey("欢迎与首周", WELCOME, at=at, key=WELCOME_KEY)
        publish(journey_id, at=at)
        made.append(journey_id)
    return made
