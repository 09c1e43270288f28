"""Loading without indexes: they are taken off the tables that grow by millions and built once, afterwards.

An index grows row by row all over its pages; built at the end it is sorted and written once. The same
for unique and foreign keys, which are checked as a whole when they return. Primary keys stay: ids count
up, so those grow at their end.
"""

from __future__ import annotations

from collections.abc import Callable

from siyu.foundation import api as foundation

RECORDS = (
    "facts_event",
    "insights_metrics_entry",
    "records_commerce_order",
    "records_commerce_orderline",
    "records_customers_assignment",
    "records_customers_contact",
    "records_customers_contactevent",
    "records_customers_customer",
    "records_customers_customertag",
    "records_customers_identity",
    "records_customers_sight",
    "records_customers_subjectmap",
)
INSIGHTS = (
    "actions_messaging_delivery",
    "insights_cards_card",
    "insights_cards_cardsearch",
)

_KEYS = """
SELECT c.conrelid::regclass::text, c.conname, pg_get_constraintdef(c.oid), c.contype
FROM pg_constraint c WHERE c.conrelid = ANY(%s::regclass[]) AND c.contype IN ('u', 'f') ORDER BY c.contype = 'u', c.conname
"""
_INDEXES = """
SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
FROM pg_index i WHERE i.indrelid = ANY(%s::regclass[]) AND NOT i.indisprimary
  AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid AND c.contype IN ('u', 'x'))
ORDER BY 1
"""
Returning = list[tuple[str, str]]


def set_aside(tables: tuple[str, ...]) -> Returning:
    """Take indexes and keys off these tables; returns (name, statement) of each, in the order to bring them back."""
    with foundation.transaction():
        foreign, unique = list[tuple[str, str]](), list[tuple[str, str]]()
        for table, name, definition, kind in foundation.fetch(_KEYS, [list(tables)]):
            foundation.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
            back = (name, f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
            (foreign if kind in ("f", b"f") else unique).append(back)
        plain = []
        for name, definition in foundation.fetch(_INDEXES, [list(tables)]):
            foundation.execute(f"DROP INDEX {name}")
            # the index of a partitioned table is described as if it were for the empty parent alone
            plain.append((name, definition.replace(" ON ONLY ", " ON ", 1)))
    return [*unique, *plain, *foreign]


def bring_back(found: Returning, say: Callable[[str], None]) -> None:
    """Build what was set aside, one after the other, each committed."""
    for name, statement in found:
        foundation.execute(statement)
        say(name)
