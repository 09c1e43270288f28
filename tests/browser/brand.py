"""A small brand for browser tests and HTTP tests of the pages, made through the modules' own doors."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from siyu.actions.messaging import api as messaging
from siyu.actions.work import api as work
from siyu.decisions.acquisition import api as acquisition
from siyu.decisions.journeys import api as journeys
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.scoring import api as scoring
from siyu.insights.segments import api as segments
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

COMPANY = "wecom:test"
UNITS = (
    staff.UnitSpec("1", "青禾珠宝总部", staff.UnitKind.COMPANY),
    staff.UnitSpec("2", "华东大区", staff.UnitKind.REGION, "1"),
    staff.UnitSpec("3", "华南大区", staff.UnitKind.REGION, "1"),
    staff.UnitSpec("21", "上海南京路店", staff.UnitKind.STORE, "2", "S21"),
    staff.UnitSpec("22", "杭州湖滨店", staff.UnitKind.STORE, "2", "S22"),
    staff.UnitSpec("31", "广州天河店", staff.UnitKind.STORE, "3", "S31"),
)
PEOPLE = (
    staff.EmployeeSpec("wangmin", "王敏", "21", staff.StaffRole.MANAGER, "13800000001"),
    staff.EmployeeSpec("lina", "李娜", "21", mobile="13800000002"),
    staff.EmployeeSpec("zhaoxue", "赵雪", "22", staff.StaffRole.MANAGER),
    staff.EmployeeSpec("chenchen", "陈晨", "31"),
)
FAMILY = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许"
GIVEN = ("建国", "晓燕", "丽", "子涵", "雨桐", "志强", "美玲", "欣怡", "浩然", "思远")
GOODS = (
    ("R-101", "足金转运珠手链", 128_000),
    ("N-204", "18K金锁骨项链", 268_000),
    ("E-310", "珍珠耳钉", 59_900),
    ("G-007", "翡翠平安扣", 458_800),
)
LONG_NAME = "用户" + "很长的名字😀" * 12


@dataclass(frozen=True)
class SmallBrand:
    """Ids that tests need."""

    at: datetime
    units: dict[str, int]
    employees: dict[str, int]
    customers: tuple[int, ...]
    far_customer: int
    journey_id: int
    segment_id: int
    code_id: int
    unmatched_id: int


def make(at: datetime) -> SmallBrand:
    """Make the brand with its history up to ``at``; every subscription has heard everything.

    Commits stage by stage: a subscription hears a fact only once its transaction is over.
    """
    facts.ensure_partitions(at=at)
    facts.install_cursors()
    staff.sync_directory(UNITS, PEOPLE, source="test", at=at - timedelta(days=400))
    units = {unit.code or unit.name: unit.id for unit in staff.unit_tree(at)}
    employees = {one.userid: one.id for one in staff.employees(at)}
    _accounts(units, employees, at)
    segments.install_defaults(at=at - timedelta(days=1))
    journey_id = journeys.install_defaults(at - timedelta(days=40))[0]
    ids = _people(at, employees)
    facts.drain(at=at)
    unmatched = _orders(at, ids, units, employees)
    facts.drain(at=at)
    _habits(at, ids, employees)
    scoring.take_snapshot(at=at)
    scoring.rescore(at=at)
    facts.drain(at=at)
    segment = segments.create_segment(
        "近90天买过", {"version": 1, "root": {"all": [{"fact": {"name": "order.paid", "at_least": 1, "days": 90}}]}},
        by=foundation.SYSTEM, at=at, description="最近三个月下过单的客户",
    )  # fmt: skip
    code = acquisition.create_code(
        "南京路店柜台",
        [employees["wangmin"], employees["lina"]],
        at=at,
        by=foundation.SYSTEM,
        tags=["门店活码"],
    )
    _messages(at, ids, employees)
    facts.drain(at=at)
    return SmallBrand(
        at, units, employees, tuple(ids), ids[3], journey_id, segment.id, code.id, unmatched
    )  # fmt: skip


def _accounts(units: dict[str, int], employees: dict[str, int], at: datetime) -> None:
    make_account = partial(foundation.create_account, at=at, by=foundation.SYSTEM)
    make_account(
        username="owner",
        display_name="沈青禾",
        role=foundation.Role.OWNER,
        scopes=["all"],
        password="glass-river-42",
    )
    make_account(username="operator", display_name="周运营", role=foundation.Role.OPERATOR, scopes=["all"])
    make_account(
        username="manager",
        display_name="王敏",
        role=foundation.Role.STORE_MANAGER,
        scopes=[f"unit:{units['S21']}"],
    )
    make_account(
        username="clerk",
        display_name="陈晨",
        role=foundation.Role.CLERK,
        scopes=[f"employee:{employees['chenchen']}"],
    )


def _people(at: datetime, employees: dict[str, int]) -> list[int]:
    """Thirty customers; the clerk in Guangzhou serves every fourth one."""
    refs = [customers.IdentityRef("phone", f"1391234{number:04d}") for number in range(30)]
    found = customers.identify(refs, at=at - timedelta(days=300), source="test")
    ids = [one.customer_id for one in found if one.customer_id is not None]
    names = [FAMILY[n % len(FAMILY)] + GIVEN[n % len(GIVEN)] for n in range(len(ids))]
    names[1] = LONG_NAME
    customers.update_profiles(
        [customers.ProfileSpec(one, name=name) for one, name in zip(ids, names, strict=True)],
        at=at,
        source="test",
    )
    staffed = ("wangmin", "lina", "zhaoxue", "chenchen")
    for number, one in enumerate(found):
        since = at - timedelta(days=28 - number % 28, hours=number)
        contact = customers.ContactSpec(
            one.subject_id,
            employees[staffed[number % 4]],
            COMPANY,
            since,
            add_way="1",
            welcome_ref=f"w{number}",
        )
        customers.add_contact([contact], at=since, source="test")
    for number, userid in enumerate(staffed):
        customers.assign(ids[number::4], employees[userid], at=at - timedelta(days=20), reason="首次添加")
    return ids


def _orders(at: datetime, ids: list[int], units: dict[str, int], employees: dict[str, int]) -> int:
    subjects = customers.anchors_of(ids)
    stores, clerks = ("S21", "S22", "S31"), ("lina", "zhaoxue", "chenchen")
    batch = []
    for number in range(60):
        sku, name, price = GOODS[number % 4]
        when = at - timedelta(days=(number * 5) % 200, hours=number % 9, minutes=3)
        batch.append(
            commerce.OrderSpec(
                source="门店POS",
                order_no=f"POS{20260000 + number}",
                paid_at=when,
                reported_at=when,
                lines=(commerce.LineSpec(1, sku, name, 1 + number % 2, price * (1 + number % 2)),),
                subject_id=subjects[ids[number % 25]],
                unit_id=units[stores[number % 3]],
                employee_id=employees[clerks[number % 3]],
            )  # fmt: skip
        )
    day = at - timedelta(hours=5)
    batch += [
        commerce.OrderSpec(
            source="天猫", order_no=f"TM88{number}", paid_at=day, reported_at=day, unit_id=units["S21"],
            lines=(commerce.LineSpec(1, "R-101", "足金转运珠手链", 1, 128_000),), buyer_hint="张** 138****4145",
        )
        for number in range(3)
    ]  # fmt: skip
    results = commerce.record_orders(batch, at=at)
    commerce.record_refunds(
        [
            commerce.RefundSpec(
                "门店POS",
                "POS20260000",
                "R1",
                at - timedelta(hours=1),
                (commerce.RefundLineSpec(1, 1, 28_000),),
            )
        ],
        at=at,
    )
    assert results[-1].order_id is not None
    return results[-1].order_id


def _habits(at: datetime, ids: list[int], employees: dict[str, int]) -> None:
    customers.tag(ids[:9], "婚庆意向", at=at, source="test")
    customers.tag(ids[4:14], "高潜", at=at, source="test")
    customers.tag(ids[:2], "<script>alert(1)</script>", at=at, source="test")
    customers.set_consent(ids[0], "*", "promotional", False, at=at, evidence="微信里说不要再发")
    work.create_tasks(
        [
            work.TaskSpec(
                key=f"test:{number}", employee_id=employees["lina" if number % 2 else "wangmin"], customer_id=ids[number],
                kind="follow_up", title="回访试戴客户", reason="上周到店试戴未购买", due_at=at - timedelta(days=number % 5),
                draft="您好,上次看的那款手链到货了,要不要帮您留一条?",
            )
            for number in range(8)
        ],
        at=at - timedelta(days=6),
    )  # fmt: skip


def _messages(at: datetime, ids: list[int], employees: dict[str, int]) -> None:
    messaging.queue(
        [
            messaging.DeliverySpec(
                key=f"test:{number}", customer_id=ids[number], channel="wecom.mass", kind="promotional",
                content=messaging.Content("周末新款到店,欢迎来试戴,到店报我的名字有小礼物哦。"),
                due_at=at + timedelta(hours=number), purpose_key="test", employee_id=employees["lina"],
            )
            for number in range(6)
        ],
        at=at,
    )  # fmt: skip
    messaging.cancel(
        [
            one.id
            for one in messaging.deliveries(
                staff.EVERYTHING, messaging.DeliveryFilter(purpose_key="test")
            ).items[:1]
        ],
        at=at,
        reason="测试",
    )
