"""Month by month: orders and the facts of everything, in the order of time, so that indexes grow at their end."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta

from siyu.config.generate.people import COMPANY, SOURCE, SPAN, chance
from siyu.config.generate.plan import MANY_FACTS, MONTHS, Plan
from siyu.facts import api as facts
from siyu.foundation import api as foundation

PRODUCTS = 200
# Some people come often: half of all comings fall on a fifth of the people, half of these long known, half new.
WHO = "least({known} - 1, floor({known} * CASE WHEN {side} < 0.6 THEN {skew} ELSE 1 - {skew} END)::bigint)"
SKEW = "((power({u} + 0.03, 2) - 0.0009) / 1.0600)"


def who(key: str, seed: int) -> str:
    """SQL for the number of the person that event ``key`` is of."""
    skew = SKEW.format(u=chance(key, seed))
    return WHO.format(known="%(known)s", side=chance(key, seed + 1), skew=skew)


def make(plan: Plan, subject: int, customer: int, *, at: datetime, say: Callable[[str], None]) -> None:
    """Write it, each month its own transaction."""
    with foundation.transaction():
        facts.ensure_partitions(at=at - SPAN, months=MONTHS + 2)
        _goods()
        foundation.execute(_WORKING)
    spread = _Spread(plan)
    for month in range(MONTHS):
        begin = at - SPAN + timedelta(days=30 * month)
        values = {
            "s": subject, "c": customer, "n": plan.customers, "at": at, "begin": begin, "month": timedelta(days=30),
            "end": begin + timedelta(days=30), "known": max(1, plan.reached(plan.customers, max(0, month - 1))),
            **spread.of(month),
        }  # fmt: skip
        with foundation.transaction():
            foundation.execute(_ORDERS, values)
            foundation.execute(_LINES)
            foundation.execute(_MONTH, values)
            foundation.execute(_RECORD, values)
            foundation.execute("DROP TABLE gen_month")
            foundation.execute("TRUNCATE gen_order")
        say(f"month {month + 1} of {MONTHS}")


class _Spread:
    """Which orders and page views belong to a month."""

    def __init__(self, plan: Plan) -> None:
        [(others,)] = foundation.fetch(
            """SELECT count(*) + count(*) FILTER (WHERE friend) + count(*) FILTER (WHERE assigned)
                 + (SELECT count(*) FROM gen_tag) FROM gen_person"""
        )
        self._plan = plan
        self._many = MANY_FACTS if plan.facts >= 20 * MANY_FACTS else 0
        self._views = max(0, plan.facts - others - plan.orders - self._many)

    def of(self, month: int) -> dict[str, int]:
        """First and last number of each, and how many more views the person with the most facts has."""
        plan = self._plan
        return {
            "order_from": plan.reached(plan.orders, month - 1), "order_to": plan.reached(plan.orders, month),
            "view_from": plan.reached(self._views, month - 1), "view_to": plan.reached(self._views, month),
            "many": self._many // MONTHS, "many_from": month * (self._many // MONTHS),
        }  # fmt: skip


def _goods() -> None:
    foundation.execute(
        """WITH made AS (INSERT INTO records_commerce_product (code, name)
             SELECT 'GEN-' || n, (ARRAY['足金手链','锁骨项链','珍珠耳钉','翡翠平安扣','钻石对戒'])[1 + n %% 5] || ' ' || n
             FROM generate_series(1, %s) n ON CONFLICT (code) DO UPDATE SET name = excluded.name RETURNING id, code, name)
           INSERT INTO records_commerce_sku (product_id, code, name) SELECT id, code, name FROM made ON CONFLICT DO NOTHING""",
        [PRODUCTS],
    )


# The orders of the month at hand, so that nothing is looked up in the table that grows and has no index yet.
_WORKING = """
CREATE TEMP TABLE gen_order (id bigint, source text, order_no text, subject_id bigint, unit_id bigint, employee_id bigint,
                             paid_at timestamptz, amount bigint)
"""

_ORDERS = f"""
WITH bought AS (
    SELECT i, {who("i", 20)} AS k, %(begin)s::timestamptz + %(month)s::interval * {chance("i", 22)} AS moment,
           9900 + floor(-ln(1 - {chance("i", 23)}) * 60000)::bigint / 100 * 100 AS amount
    FROM generate_series(%(order_from)s, %(order_to)s - 1) i
), made AS (
INSERT INTO records_commerce_order (source, order_no, subject_id, customer_id, unit_id, employee_id, paid_at, currency,
       amount, refunded_amount, buyer_hint, backfill, reported_at, content_hash)
SELECT '门店POS', 'GEN' || lpad(i::text, 10, '0'), %(s)s + b.k, %(c)s + b.k, p.unit_id, p.employee_id,
       greatest(moment, p.born), 'CNY', amount, 0, '', true, moment, '\\x00'
FROM bought b JOIN gen_person p USING (k) ORDER BY moment
RETURNING id, source, order_no, subject_id, unit_id, employee_id, paid_at, amount)
INSERT INTO gen_order SELECT * FROM made
"""

_LINES = f"""
INSERT INTO records_commerce_orderline (order_id, line_no, sku_id, name, quantity, amount)
SELECT o.id, 1, g.id, g.name, 1, o.amount
FROM gen_order o
JOIN (SELECT id, name, row_number() OVER (ORDER BY id) AS place FROM records_commerce_sku) g
  ON g.place = 1 + floor({PRODUCTS} * power({chance("o.id", 30)}, 2))::int
"""

_MONTH = f"""
CREATE TEMP TABLE gen_month ON COMMIT DROP AS
SELECT 'customer.created' AS name, jsonb_build_object('customer_id', %(c)s + k) AS payload, born AS moment, %(s)s + k AS subject_id,
       'records_customers' AS source, 'customer:' || %(c)s + k || ':created' AS external_id
FROM gen_person WHERE born >= %(begin)s AND born < %(end)s
UNION ALL
SELECT 'contact.added', jsonb_build_object('employee_id', employee_id, 'state', 'code' || employee_id %% 50, 'add_way', '1',
       'connection', '{COMPANY}', 'welcome_ref', NULL), born, %(s)s + %(n)s + k, '{SOURCE}', 'contact:' || k
FROM gen_person WHERE friend AND born >= %(begin)s AND born < %(end)s
UNION ALL
SELECT 'customer.assigned', jsonb_build_object('customer_id', %(c)s + k, 'employee_id', employee_id, 'unit_id', unit_id,
       'previous_employee_id', NULL, 'reason', '首次添加'), born, %(s)s + k, '{SOURCE}', 'assigned:' || k
FROM gen_person WHERE assigned AND born >= %(begin)s AND born < %(end)s
UNION ALL
SELECT 'customer.tagged', jsonb_build_object('customer_id', %(c)s + k, 'tag', name), since, %(s)s + k, '{SOURCE}', 'tag:' || id
FROM gen_tag WHERE since >= %(begin)s AND since < %(end)s
UNION ALL
SELECT 'order.paid', jsonb_build_object('order_id', id, 'source', source, 'order_no', order_no, 'amount', amount, 'currency', 'CNY',
       'unit_id', unit_id, 'employee_id', employee_id, 'line_count', 1), paid_at, subject_id, 'records_commerce', 'order:' || id || ':paid'
FROM gen_order
UNION ALL
SELECT 'page.viewed', jsonb_build_object('url', 'https://shop.example/p/' || floor(500 * power({chance("i", 41)}, 2))::int, 'title', '新款'),
       %(begin)s::timestamptz + %(month)s::interval * {chance("i", 42)}, %(s)s + {who("i", 43)}, '{SOURCE}', 'v' || lpad(i::text, 10, '0')
FROM generate_series(%(view_from)s, %(view_to)s - 1) i
UNION ALL
SELECT 'page.viewed', {"'" + json.dumps({"url": "https://shop.example/", "title": "首页"}, ensure_ascii=False) + "'"}::jsonb,
       %(begin)s::timestamptz + %(month)s::interval * {chance("i", 44)}, %(s)s, '{SOURCE}', 'm' || i
FROM generate_series(%(many_from)s, %(many_from)s + %(many)s - 1) i
"""

_RECORD = """
WITH recorded AS (
    INSERT INTO facts_event (id, name, version, payload, occurred_at, recorded_at, subject_id, origin, source, external_id,
                             causation_id, correlation_id, hops)
    SELECT nextval('facts_event_id_seq'), name, 1, payload, least(moment, %(at)s), least(moment, %(at)s), subject_id, 'backfill', source,
           external_id, NULL, 'generate', 0
    FROM (SELECT * FROM gen_month ORDER BY moment) m
    RETURNING id, name, source, external_id, occurred_at, subject_id, payload
), counted AS (
    INSERT INTO insights_metrics_entry (fact_id, kind, day, occurred_at, employee_id, subject_id, amount)
    SELECT id, 'friend_added', (occurred_at AT TIME ZONE 'Asia/Shanghai')::date, occurred_at, (payload->>'employee_id')::bigint, subject_id, 1
    FROM recorded WHERE name = 'contact.added'
)
INSERT INTO facts_event_key (source, external_id, fact_id) SELECT source, external_id, id FROM recorded ORDER BY source, external_id
"""
