"""The console's pages over a generated brand, beside a page that does nothing."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from benchmarks.harness import load
from benchmarks.harness.rows import Row, percentile
from benchmarks.harness.session import sign_in
from benchmarks.harness.stage import Running, Stage
from siyu.foundation import api as foundation
from siyu.kit import clock

AIM_MS = 200
EMPTY = "/healthz"
SORTS = (
    "-net_total",
    "last_order_at",
    "-last_order_at",
    "-orders",
    "points_balance",
    "-last_active_at",
    "created_at",
)


def run(stage: Stage) -> list[Row]:
    """Each address asked for in turn by one reader, cold once, then warm."""
    size = stage.customers or 0
    at = clock.business_now()
    [(facts,)] = foundation.fetch(
        "SELECT greatest(sum(reltuples), 0)::bigint FROM pg_class WHERE relkind = 'r' AND starts_with(relname, 'facts_event_20')"
    )
    readers = _readers(at)
    times = stage.size(40, 2)
    with stage.web() as web:
        for _warm in range(8):
            _ask(web, EMPTY, readers["owner"], 4)
        empty = _ask(web, EMPTY, readers["owner"], times)
        limit = percentile(empty.spans, 0.95) * 1000
        return [
            _row(stage, name, web, path, readers[who], times, limit, f"{size:,} customers, {facts:,} facts")
            for who, name, path in _paths()
        ]


def _row(
    stage: Stage, name: str, web: Running, path: str, cookie: str, times: int, limit: float, note: str
) -> Row:
    first = _ask(web, path, cookie, 1)
    meter = stage.meter(web)
    found = _ask(web, path, cookie, times)
    used = meter.per(times)
    p95 = percentile(found.spans, 0.95) * 1000
    return Row(
        f"page: {name}, p95", p95, "ms", AIM_MS, lower=True, limit=limit, limit_name="an empty page, p95",
        p50_ms=found.ms(0.5), p99_ms=found.ms(0.99), exact=set(found.statuses) == {200}, note=note,
        measures={**used, "cold_ms": first.ms(0.5), "web_mb": web.look()},
    )  # fmt: skip


def _ask(web: Running, path: str, cookie: str, times: int) -> load.Answered:
    headers = {"Cookie": cookie, "Accept-Language": "zh-CN"}
    return load.drive(web.port, [load.request("GET", path, headers=headers)] * times, 1)


def _readers(at: datetime) -> dict[str, str]:
    """Cookies of the owner and of the managers and the clerk who have the most customers of all."""
    [(unit, region)] = foundation.fetch(
        "SELECT c.unit_id, max(p.parent_id) FROM insights_cards_card c JOIN records_staff_unitversion p ON p.unit_id = c.unit_id"
        " GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    [(employee,)] = foundation.fetch(
        "SELECT employee_id FROM insights_cards_card WHERE employee_id IS NOT NULL GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    field = (
        ("region", foundation.Role.REGION_MANAGER, f"unit:{region}"),
        ("manager", foundation.Role.STORE_MANAGER, f"unit:{unit}"),
        ("clerk", foundation.Role.CLERK, f"employee:{employee}"),
    )
    for username, role, scope in field:
        foundation.create_account(
            username=username, display_name=username, role=role, scopes=[scope], at=at, by=foundation.SYSTEM
        )
    return {
        name: f"{settings.SESSION_COOKIE_NAME}={sign_in(name)}"
        for name in ("owner", *(one[0] for one in field))
    }


def _paths() -> list[tuple[str, str, str]]:
    """What is looked at: every kind of filter and order, and the person with the most facts."""
    [(most,)] = foundation.fetch("SELECT min(customer_id) FROM insights_cards_card")
    [(usual,)] = foundation.fetch(
        "SELECT customer_id FROM insights_cards_card WHERE customer_id > %s ORDER BY customer_id OFFSET 99 LIMIT 1",
        [most],
    )
    [(unit, employee)] = foundation.fetch(
        "SELECT unit_id, employee_id FROM insights_cards_card WHERE unit_id IS NOT NULL GROUP BY 1, 2 ORDER BY count(*) DESC LIMIT 1"
    )
    [(segment,)] = foundation.fetch(
        "SELECT segment_id FROM insights_segments_membership GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
    )
    rare, usual_tag = "%E6%8A%95%E8%AF%89%E8%BF%87", "%E5%B7%B2%E5%A9%9A"
    owner = [
        ("home", "/"),
        ("customers", "/customers/"),
        *((f"customers by {sort}", f"/customers/?sort={sort}") for sort in SORTS),
        ("customers, page 150", "/customers/?page=150"),
        ("customers by spending, page 199", "/customers/?sort=-net_total&page=199"),
        ("customers at risk by orders", "/customers/?stage=at_risk&sort=-orders"),
        ("active customers by last order, rising", "/customers/?stage=active&sort=last_order_at"),
        ("lost customers, last order first, page 100", "/customers/?stage=lost&sort=-last_order_at&page=100"),
        ("never bought, by spending", "/customers/?stage=prospect&sort=-net_total"),
        ("customers with a tag by spending", f"/customers/?tag={usual_tag}&sort=-net_total"),
        ("customers with a rare tag", f"/customers/?tag={rare}"),
        ("customers with a rare tag by last active", f"/customers/?tag={rare}&sort=last_active_at"),
        ("customers with a rare tag, lost, page 20", f"/customers/?tag={rare}&stage=lost&sort=-orders&page=20"),
        ("customers of nobody, new buyers, no friends", "/customers/?employee=none&stage=new&friend=no&sort=-net_total"),
        ("active ones who bought long ago (nobody)", "/customers/?stage=active&bought_over=300&sort=-orders"),
        ("customers of a store, friends", f"/customers/?unit={unit}&friend=yes&sort=-last_order_at"),
        ("customers of a clerk, asleep", f"/customers/?employee={employee}&bought_over=90"),
        ("customers with four filters", f"/customers/?unit={unit}&stage=active&friend=yes&bought_within=30&sort=-net_total"),
        ("customers found by name", "/customers/?q=%E7%8E%8B%E5%BB%BA"),
        ("customers found by one character", "/customers/?q=%E7%8E%8B&sort=-orders"),
        ("customers found by a rare name", "/customers/?q=%E6%B1%A4%E8%8B%A5%E6%9B%A6"),
        ("customers found by four digits", "/customers/?q=4321"),
        ("customer", f"/customers/{usual}/"),
        ("customer with 10,000 facts", f"/customers/{most}/"),
        ("customer with 10,000 facts, orders", f"/customers/{most}/?tab=orders"),
        ("segments", "/segments/"),
        ("segment", f"/segments/{segment}/"),
        ("segment by spending, page 150", f"/segments/{segment}/?sort=-net_total&page=150"),
        ("deliveries", "/deliveries/"),
        ("deliveries, page 150", "/deliveries/?page=150"),
        ("deliveries that failed", "/deliveries/?state=failed"),
        ("orders that wait to be claimed", "/orders/unmatched/"),
    ]  # fmt: skip
    managers = [
        (who, f"{who}: {name}", path)
        for who in ("region", "manager")
        for name, path in (
            ("home", "/"),
            ("customers", "/customers/"),
            ("customers by spending, page 40", "/customers/?sort=-net_total&page=40"),
            ("customers with a rare tag by orders", f"/customers/?tag={rare}&sort=-orders"),
            ("active customers by last order, rising", "/customers/?stage=active&sort=last_order_at"),
            ("customers found by name", "/customers/?q=%E7%8E%8B%E5%BB%BA"),
            ("segments", "/segments/"),
            ("segment", f"/segments/{segment}/"),
            ("deliveries", "/deliveries/"),
            ("workbench", "/w/"),
        )
    ]
    clerk = [
        ("clerk", "clerk: workbench", "/w/"),
        ("clerk", "clerk: my customers", "/w/people/"),
        ("clerk", "clerk: my customers, never bought", "/w/people/?show=never"),
        ("clerk", "clerk: my figures", "/w/me/"),
        ("clerk", "clerk: customers by spending", "/customers/?sort=-net_total"),
    ]
    return [*(("owner", name, path) for name, path in owner), *managers, *clerk]
