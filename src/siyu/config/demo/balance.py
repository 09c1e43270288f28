"""Balances every station of the loop against the twin's own record: in = out + held + failed + hold-out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from siyu.actions.messaging import api as messaging
from siyu.actions.messaging.api import DeliveryState
from siyu.config.demo.play import Played
from siyu.config.demo.twin_door import TwinDoor
from siyu.decisions.journeys import api as journeys
from siyu.decisions.loyalty import api as loyalty
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.records.ledger import api as ledger
from siyu.records.staff import api as staff


@dataclass(frozen=True)
class Station:
    """One station's conservation line; ``told`` is what ``came_in`` is taken from."""

    name: str
    came_in: int
    out: int
    held: int = 0
    failed: int = 0
    holdout: int = 0
    told: str = ""

    @property
    def balances(self) -> bool:
        """It moved, and nothing is missing or too much."""
        return self.came_in > 0 and self.came_in == self.out + self.held + self.failed + self.holdout


@dataclass
class _Books:
    """What both sides say."""

    twin: dict[str, Any]
    orders: list[dict[str, Any]]
    refunds: list[dict[str, Any]]
    facts: dict[str, int] = field(default_factory=dict)
    lines: list[Station] = field(default_factory=list)


def report(twin: TwinDoor, played: Played) -> int:
    """Print one line a station; 0 when every station moved and every line balances."""
    books = _Books(
        twin=twin.get("record"),
        orders=_rows(twin, "orders"),
        refunds=_rows(twin, "refunds"),
        facts=dict(
            foundation.fetch(
                f"SELECT name, count(*) FROM {facts.LOG_VIEW} WHERE origin = 'live' GROUP BY name"
            )
        ),
    )
    stations = [*_arrivals(books), *_people(), *_decided(books), *_delivered(books), *_points(books)]
    print(
        f"\n七个模拟日:{played.since.astimezone(foundation.brand_zone()):%m-%d %H:%M} 至 "
        f"{played.until.astimezone(foundation.brand_zone()):%m-%d %H:%M},{played.jumps} 步,用时 {played.seconds:.0f} 秒\n"
    )
    print(f"{'':2}{_wide('站点', 22)}{'进':>7} = {'出':>6} + {'待':>5} + {'败':>4} + {'对照':>4}   对照来源")
    for station in stations:
        print(
            f"{'✓' if station.balances else '✗'} {_wide(station.name, 22)}{station.came_in:>8} ="
            f" {station.out:>7} + {station.held:>6} + {station.failed:>5} + {station.holdout:>6}   {station.told}"
        )
    wrong = [station.name for station in stations if not station.balances]
    print("\n全部平衡。" if not wrong else f"\n不平衡:{'、'.join(wrong)}")
    return 1 if wrong else 0


def _wide(text: str, width: int) -> str:
    """Pad a text whose Chinese characters take two columns each."""
    return text + " " * max(1, width - sum(2 if ord(letter) > 255 else 1 for letter in text))


def _rows(twin: TwinDoor, kind: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    while True:
        page = twin.get(f"record/{kind}", offset=len(rows), limit=5000)
        rows += page["rows"]
        if len(rows) >= page["total"]:
            return rows


def _arrivals(books: _Books) -> Iterator[Station]:
    """Inbox and facts: what was accepted from outside is there, once each."""
    inbox = facts.inbox_counts("wecom:")
    yield Station(
        "收件箱",
        books.twin["callbacks"]["distinct_accepted"],
        inbox.done,
        held=inbox.waiting,
        failed=inbox.dead,
        told="模拟企业微信:已被接收的回调(去重)",
    )
    yield Station(
        "事实 · 加好友",
        books.twin["adds"]["total"],
        books.facts.get("contact.added", 0),
        told="模拟企业微信:添加",
    )
    yield Station(
        "事实 · 流失",
        books.twin["blocks"]["total"] + books.twin["deletes"]["total"],
        books.facts.get("contact.ended", 0),
        told="模拟企业微信:删除",
    )
    yield Station(
        "事实 · 订单",
        books.twin["orders"]["taken"],
        books.facts.get("order.paid", 0),
        told="模拟门店:已上报订单",
    )
    yield Station(
        "事实 · 退款",
        books.twin["refunds"]["taken"],
        books.facts.get("order.refunded", 0),
        told="模拟门店:已上报退款",
    )


def _people() -> Iterator[Station]:
    """Customers, scores and segments: everybody is somewhere, once."""
    at = clock.business_now()
    [(created, merged, unmerged)] = foundation.fetch(
        f"""SELECT count(*) FILTER (WHERE name = 'customer.created'), count(*) FILTER (WHERE name = 'customer.merged'),
                   count(*) FILTER (WHERE name = 'customer.unmerged') FROM {facts.LOG_VIEW}"""
    )
    known = cards.list_cards(staff.EVERYTHING, at=at, size=1).total
    yield Station("客户", created, known, held=merged - unmerged, told="事实:成为客户(待 = 已合并)")
    [(scored,)] = foundation.fetch(f"SELECT count(*) FROM {cards.RELATION} WHERE stage <> ''")
    yield Station("评分", known, scored, told="客户:都有生命周期阶段")
    [(entered, left)] = foundation.fetch(
        f"""SELECT count(*) FILTER (WHERE name = 'segment.entered'), count(*) FILTER (WHERE name = 'segment.left')
            FROM {facts.LOG_VIEW}"""
    )
    members = sum(segment.members for segment in segments.segments())
    yield Station("分群", entered, members, held=left, told="事实:进入分群(待 = 已离开)")


def _decided(books: _Books) -> Iterator[Station]:
    """Journeys: everybody who should have entered did, and stands, has ended or was left out for a reason."""
    for journey in journeys.journeys():
        if journey.key == journeys.WELCOME_KEY:
            yield Station(
                "旅程 · 进入",
                books.facts.get("contact.added", 0),
                journey.entered,
                failed=journey.skipped,
                told="事实:加好友(败 = 按规则不进)",
            )
            yield Station(
                "旅程 · 步骤", journey.entered, journey.ended, held=journey.active, failed=journey.errors
            )


def _delivered(books: _Books) -> Iterator[Station]:
    """Deliveries: each in one true state, and the customers' phones agree."""
    states = messaging.counts_by_state()
    by = {state: states[state] for state in DeliveryState}
    yield Station(
        "触达 · 全部",
        books.facts.get("delivery.queued", 0),
        by[DeliveryState.SENT] + by[DeliveryState.DELIVERED],
        held=by[DeliveryState.QUEUED]
        + by[DeliveryState.HELD]
        + by[DeliveryState.WAITING_MEMBER]
        + by[DeliveryState.SENDING],
        failed=by[DeliveryState.FAILED] + by[DeliveryState.UNKNOWN] + by[DeliveryState.CANCELLED],
        told="事实:排队",
    )
    arrived: dict[str, int] = {}
    for line in messaging.counts_by_purpose():
        arrived[line.channel] = arrived.get(line.channel, 0) + (
            line.states[DeliveryState.SENT] + line.states[DeliveryState.DELIVERED]
        )
    yield Station(
        "触达 · 欢迎语",
        books.twin["welcomes"]["delivered"],
        arrived.get("wecom.welcome", 0),
        told="客户手机收到的欢迎语",
    )
    yield Station(
        "触达 · 群发", books.twin["sends"]["sent"], arrived.get("wecom.mass", 0), told="客户手机收到的群发"
    )


def _points(books: _Books) -> Iterator[Station]:
    """Points: what customers hold is what an independent calculation on the shop's orders says."""
    rate = loyalty.points_rule(clock.business_now()).fen_per_point
    back: dict[str, int] = {}
    for refund in books.refunds:
        back[refund["order_no"]] = back.get(refund["order_no"], 0) + refund["amount"]
    due = sum(
        (order["amount"] - back.get(order["order_no"], 0)) // rate
        for order in books.orders
        if not order["masked"]
    )
    [(gifts,)] = foundation.fetch(
        f"""SELECT coalesce(sum((payload->>'amount')::bigint), 0)::bigint FROM {facts.LOG_VIEW}
            WHERE name = 'points.posted' AND payload->>'kind' NOT IN (%s, %s)""",
        [loyalty.EARN, loyalty.TAKE_BACK],
    )
    [(held,)] = foundation.fetch(f"SELECT coalesce(sum(points_balance), 0)::bigint FROM {cards.RELATION}")
    yield Station("积分", due + gifts, held, told="独立计算:订单净额 + 旅程赠送")
    yield Station("积分 · 账平", held, held - len(ledger.check_balances()), told="复式账:余额与分录核对")
