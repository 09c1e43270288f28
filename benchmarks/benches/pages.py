"""The console's pages over a generated brand, beside a page that does nothing."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from benchmarks.harness import load
from benchmarks.harness.rows import Row, percentile
from benchmarks.harness.stage import Running, Stage
from siyu.config.generate.main import generate
from siyu.config.generate.plan import Plan
from siyu.foundation import api as foundation
from siyu.kit import clock

AIM_MS = 200
EMPTY = "/healthz"


def run(stage: Stage) -> list[Row]:
    """Each address asked for in turn by one reader, cold once, then warm."""
    size = stage.customers or 100_000
    at = clock.business_now()
    [(there,)] = foundation.fetch("SELECT count(*) FROM insights_cards_card")
    if not there:
        generate(
            Plan(size, size * 20),
            at=at,
            say=lambda text, seconds: print(f"    {seconds:6.0f} s {text}", flush=True),
        )
    [(facts,)] = foundation.fetch(
        "SELECT greatest(sum(reltuples), 0)::bigint FROM pg_class WHERE relkind = 'r' AND starts_with(relname, 'facts_event_20')"
    )
    cookie = f"{settings.SESSION_COOKIE_NAME}={_session()}"
    times = stage.size(40, 2)
    with stage.web() as web:
        for _warm in range(8):
            _ask(web, EMPTY, cookie, 4)
        empty = _ask(web, EMPTY, cookie, times)
        limit = percentile(empty.spans, 0.95) * 1000
        return [
            _row(stage, name, web, path, cookie, times, limit, f"{size:,} customers, {facts:,} facts")
            for name, path in _paths()
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


def _session() -> str:
    """The owner, signed in."""
    user = foundation.account_for_username("owner")
    assert user is not None
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


def _paths() -> list[tuple[str, str]]:
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
    return [
        ("home", "/"),
        ("customers", "/customers/"),
        ("customers by spending", "/customers/?sort=-net_total"),
        ("customers by last order, rising", "/customers/?sort=last_order_at"),
        ("customers, page 150", "/customers/?page=150"),
        ("customers at risk by orders", "/customers/?stage=at_risk&sort=-orders"),
        ("customers with a tag by spending", "/customers/?tag=%E5%B7%B2%E5%A9%9A&sort=-net_total"),
        ("customers with a rare tag", "/customers/?tag=%E6%8A%95%E8%AF%89%E8%BF%87"),
        ("customers of a store, friends", f"/customers/?unit={unit}&friend=yes&sort=-last_order_at"),
        ("customers of a clerk, asleep", f"/customers/?employee={employee}&bought_over=90"),
        ("customers with four filters", f"/customers/?unit={unit}&stage=active&friend=yes&bought_within=30&sort=-net_total"),
        ("customers found by name", "/customers/?q=%E7%8E%8B%E5%BB%BA"),
        ("customers found by one character", "/customers/?q=%E7%8E%8B&sort=-orders"),
        ("customer", f"/customers/{usual}/"),
        ("customer with 10,000 facts", f"/customers/{most}/"),
        ("segments", "/segments/"),
        ("segment", f"/segments/{segment}/"),
        ("deliveries", "/deliveries/"),
        ("deliveries that failed", "/deliveries/?state=failed"),
    ]  # fmt: skip
