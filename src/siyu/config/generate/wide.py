"""Cards and their search rows, all in two statements; a test compares them with a rebuild, row by row."""

from __future__ import annotations

from collections.abc import Callable

from siyu.config.generate.plan import Plan
from siyu.foundation import api as foundation


def make(plan: Plan, subject: int, customer: int, *, say: Callable[[str], None]) -> None:
    """Write them; scores follow by scoring itself."""
    values = {"s": subject, "c": customer, "n": plan.customers}
    foundation.execute(_ACTIVE, values)
    foundation.execute(_BOUGHT, values)
    foundation.execute("ANALYZE gen_active, gen_bought")
    say("what everybody did")
    foundation.execute(_CARDS, values)
    say("cards")
    foundation.execute(_SEARCH)
    say("search")


# What a person does themselves counts as activity; becoming a friend is in gen_person.
_ACTIVE = """
CREATE TEMP TABLE gen_active ON COMMIT DROP AS
SELECT subject_id - %(s)s AS k, max(occurred_at) AS last FROM facts_event
WHERE name IN ('order.paid', 'page.viewed') GROUP BY subject_id
"""
_BOUGHT = """
CREATE TEMP TABLE gen_bought ON COMMIT DROP AS
SELECT subject_id - %(s)s AS k, count(*)::int AS orders, sum(amount)::bigint AS amount, min(paid_at) AS first, max(paid_at) AS last
FROM records_commerce_order GROUP BY subject_id
"""
_CARDS = """
INSERT INTO insights_cards_card (customer_id, name, avatar, phone_masked, employee_id, unit_id, friend_count, tags, channel, stage,
  orders, spent_total, refunded_total, net_total, first_order_at, last_order_at, last_active_at, points_balance, created_at)
SELECT c.id, c.name, c.avatar, c.phone_masked, CASE WHEN p.assigned THEN p.employee_id END, CASE WHEN p.assigned THEN p.unit_id END,
  p.friend::int, coalesce(t.tags, '{}'), CASE WHEN p.friend THEN 'code' || p.employee_id %% 50 ELSE '' END, '',
  coalesce(b.orders, 0), coalesce(b.amount, 0), 0, coalesce(b.amount, 0), b.first, b.last,
  greatest(a.last, CASE WHEN p.friend THEN p.born END), 0, c.created_at
FROM records_customers_customer c JOIN gen_person p ON p.k = c.id - %(c)s
LEFT JOIN gen_active a ON a.k = p.k LEFT JOIN gen_bought b ON b.k = p.k
LEFT JOIN (SELECT k, array_agg(name ORDER BY name COLLATE "C") AS tags FROM gen_tag GROUP BY k) t ON t.k = p.k
ORDER BY c.id
"""
# Every run of one, two and three characters, as rules.name_grams cuts them; these names have no more and no spaces.
_SEARCH = """
INSERT INTO insights_cards_cardsearch (customer_id, grams, tags, phone_tail)
SELECT customer_id, ARRAY(
    SELECT DISTINCT substr(name, first, length) COLLATE "C" AS gram FROM generate_series(1, char_length(name)) first, generate_series(1, 3) length
    WHERE first + length <= char_length(name) + 1 ORDER BY gram
  ), tags, right(phone_masked, 4)
FROM insights_cards_card ORDER BY customer_id
"""
