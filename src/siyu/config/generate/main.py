"""Fills an empty brand with invented, skewed data in minutes, to see how everything behaves when it is large."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection
from django.utils.translation import gettext_lazy as _

from siyu.config.demo.people import create_head_office
from siyu.config.generate import bulk, history, people, wide
from siyu.config.generate.plan import Plan
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.metrics import api as metrics
from siyu.insights.scoring import api as scoring
from siyu.insights.segments import api as segments
from siyu.kit.errors import Conflict
from siyu.records.commerce import api as commerce
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

Say = Callable[[str, float], None]
PATIENCE = 60.0
"""Seconds to wait for somebody else's transaction; after that facts may be heard again, which only takes time."""


def generate(plan: Plan, *, at: datetime, say: Say = lambda _text, _seconds: None) -> dict[str, float]:
    """Fill the brand; returns seconds by stage. Raises Conflict("generate.not_empty") where there are customers.

    Outside of any transaction: stages commit. What was cut off is not resumed; drop the database and begin again.
    """
    if customers.customer_ids(after=0, limit=1):
        raise Conflict(
            "generate.not_empty", _("This brand has customers already. Choose another: SIYU_BRAND=name.")
        )
    spent: dict[str, float] = {}
    begun = time.monotonic()

    def stage(name: str, work: Callable[[], object]) -> None:
        mark = time.monotonic()
        work()
        spent[name] = time.monotonic() - mark
        say(f"✓ {name}", time.monotonic() - begun)

    def tell(text: str) -> None:
        say(f"  … {text}", time.monotonic() - begun)

    # Invented data may be lost: nothing is gained by waiting for the disk at each commit.
    foundation.execute("SET synchronous_commit = off")
    foundation.execute("SET maintenance_work_mem = '512MB'")
    foundation.execute("SET work_mem = '128MB'")
    stage("organisation", lambda: _organisation(plan, at))
    found: list[tuple[int, int]] = []

    def _people() -> None:
        with foundation.transaction():
            found.append(people.make(plan, at=at, say=tell))

    records, insights = bulk.set_aside(bulk.RECORDS), bulk.set_aside(bulk.INSIGHTS)
    stage("customers", _people)
    stage("orders and facts", lambda: history.make(plan, *found[0], at=at, say=tell))
    stage("messages", lambda: _deliveries(plan, *found[0], at=at))
    stage("indexes", lambda: bulk.bring_back(records, tell))
    stage("statistics", lambda: _analyze("ANALYZE"))
    stage("cards", lambda: _in_transaction(lambda: wide.make(plan, *found[0], say=tell)))
    stage("scores", lambda: scoring.take_snapshot(at=at, told=lambda done: _now_and_then(tell, done)))
    stage("indexes of cards", lambda: bulk.bring_back(insights, tell))
    stage("segments", lambda: segments.install_defaults(at=at, at_once=True))
    # The log is now behind everybody, as after having heard it.
    _await_others()
    _in_transaction(_skip)
    stage("kept numbers", lambda: (metrics.keep(at=at), commerce.keep_match_rates(at=at)))
    stage("clean up", lambda: _analyze("VACUUM (ANALYZE)"))
    for name in ("synchronous_commit", "maintenance_work_mem", "work_mem"):
        foundation.execute(f"RESET {name}")
    return spent


def _now_and_then(tell: Callable[[str], None], done: int) -> None:
    if done % 100_000 == 0:
        tell(f"{done} scored")


def _in_transaction(work: Callable[[], object]) -> None:
    with foundation.transaction():
        work()


def _await_others() -> None:
    """Until nothing that began before the last fact is under way, in any database of the server.

    A cursor stands only where all before it is finished: skipping earlier would leave the log to be heard again.
    """
    [(newest,)] = foundation.fetch("SELECT coalesce(max(tx), 0) FROM facts_event")
    end = time.monotonic() + PATIENCE
    while facts.news(None).position < newest and time.monotonic() < end:
        time.sleep(0.1)


def _skip() -> None:
    for name, _subscription in facts.SUBSCRIPTIONS.items():
        facts.skip_to_end(name)


def _organisation(plan: Plan, at: datetime) -> None:
    regions = max(1, plan.stores // 12)
    units = [staff.UnitSpec("1", "生成的品牌(演示数据)", staff.UnitKind.COMPANY)]
    units += [staff.UnitSpec(f"r{n}", f"第{n + 1}大区", staff.UnitKind.REGION, "1") for n in range(regions)]
    units += [
        staff.UnitSpec(f"s{n}", f"{n + 1:03d}号店", staff.UnitKind.STORE, f"r{n % regions}", f"S{n:03d}")
        for n in range(plan.stores)
    ]
    clerks = [
        staff.EmployeeSpec(
            f"gen{n}", f"{people.FAMILY[n % 60]}{people.GIVEN[n % 50]}", f"s{n % plan.stores}",
            staff.StaffRole.MANAGER if n < plan.stores else staff.StaffRole.CLERK,
        )
        for n in range(plan.employees)
    ]  # fmt: skip
    with foundation.transaction():
        facts.ensure_partitions(at=at)
        facts.install_cursors()
        create_head_office()
        staff.sync_directory(units, clerks, source="generate", at=at - people.SPAN - timedelta(days=1))


def _deliveries(plan: Plan, subject: int, customer: int, *, at: datetime) -> None:
    """Messages of the last ninety days in every state that nobody acts on any more."""
    foundation.execute(
        f"""INSERT INTO actions_messaging_delivery (key, customer_id, subject_id, employee_id, channel, kind, purpose_key, holdout_key,
              content, group_hash, params, state, held_rule, reason, holds, wish, planned_at, due_at, doubt, asked, attempted_at, ref,
              created_at, sent_at, delivered_at, closed_at, attempts)
            SELECT 'generate:' || i, %(c)s + k, %(s)s + k, employee_id, 'wecom.mass', 'promotional', 'generate:' || i %% 40, '',
              '{{"text": "周末新款到店,欢迎来试戴。", "attachments": []}}', md5((i %% 400)::text), '{{}}', state, '',
              CASE state WHEN 'failed' THEN 'not_friend' ELSE '' END, 0, '', planned, NULL, false, 0, planned, 'gen' || i, planned,
              CASE WHEN state <> 'failed' THEN planned END, CASE WHEN state = 'delivered' THEN planned END, planned, 1
            FROM (SELECT i, floor(%(n)s * {people.chance("i", 60)})::bigint AS k, %(at)s::timestamptz - interval '90 days' * {people.chance("i", 61)} AS planned,
                    CASE WHEN {people.chance("i", 62)} < 0.8 THEN 'delivered' WHEN {people.chance("i", 62)} < 0.9 THEN 'sent' ELSE 'failed' END AS state
                  FROM generate_series(1, %(count)s) i) d JOIN gen_person USING (k) ORDER BY planned""",
        {"c": customer, "s": subject, "n": plan.customers, "count": plan.deliveries, "at": at},
    )


def _analyze(command: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(command)
