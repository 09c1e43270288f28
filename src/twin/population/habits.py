"""Figures of the population: how often, when and of what temperament. Invented, not measured."""

from __future__ import annotations

from random import Random

from twin.clock import china

HOUR = 3600
SCANS_A_DAY = 46.0
REPURCHASES_A_DAY = 19.0
OLD_BLOCKS_A_DAY = 0.8
BUY_SHARE = 0.42
REFUND_SHARE = 0.14
REFUND_WHOLE_SHARE = 0.55
BLOCK_SHARE = 0.09
REMARK_SHARE = 0.3
TAG_SHARE = 0.2
RETURN_SHARE = 0.06
BUY_AGAIN_SHARE = 0.25
REMINDED_SHARE = 0.5
# Weight of each hour of the day in China: an evening peak, a few people at night.
HOURS = [
    0.5, 0.4, 0.2, 0.1, 0.1, 0.1, 0.3, 0.6, 0.8, 1.0, 1.3, 1.4,
    1.5, 1.3, 1.2, 1.2, 1.3, 1.4, 1.7, 2.3, 2.8, 2.7, 2.0, 1.1,
]  # fmt: skip
SHOP_HOURS = [
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0.3, 1.0, 1.3,
    1.2, 1.1, 1.3, 1.4, 1.3, 1.3, 1.5, 1.9, 1.9, 1.2, 0.3, 0,
]  # fmt: skip
# Which source an order comes through, by weight.
NEW_BUYER_SOURCES = {"pos": 40, "mini": 40, "wecom": 10, "tmall": 7, "douyin": 3}
OLD_BUYER_SOURCES = {"pos": 48, "mini": 28, "wecom": 4, "tmall": 13, "douyin": 7}
# Mean time until a member looks at a mass task, and how often one is forgotten.
CONFIRM_HOURS = {"prompt": 0.7, "usual": 3.0, "slow": 10.0, "forgetful": 8.0}
FORGET_SHARE = {"prompt": 0.02, "usual": 0.08, "slow": 0.15, "forgetful": 0.6}


def confirm_delay(source: Random, temperament: str) -> float:
    """Seconds until a member of this temperament looks at a task."""
    return 600 + source.expovariate(1 / (CONFIRM_HOURS[temperament] * HOUR))


def forgets(source: Random, temperament: str) -> bool:
    """Whether a member of this temperament lets a task lie."""
    return source.random() < FORGET_SHARE[temperament]


def open_hours(moment: float, source: Random) -> float:
    """The same moment, or one in the shop's next opening hours (10:00 to 22:00 in China)."""
    hour = china(moment).hour
    if 10 <= hour < 22:
        return moment
    return moment + ((10 - hour) % 24) * HOUR + source.random() * 3 * HOUR
