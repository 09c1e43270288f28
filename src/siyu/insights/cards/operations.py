"""Writing cards: refresh from records, scores from above, rebuild.

All writers of insights hold one advisory lock, so that nobody judges a customer by a card that another
transaction is just changing. A batch takes milliseconds; whoever waits too long tries again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from siyu.foundation import api as foundation
from siyu.insights.cards import rules, sources
from siyu.insights.cards.contracts import CardListener, CardScores, Touch
from siyu.records.customers import api as customers

RELATION = "insights_cards_card"
LISTENERS: foundation.Registry[CardListener] = foundation.Registry("card_listeners")
REBUILD_CHUNK = 2_000

# (column, SQL type) of what is copied from records; scoring's columns are not among them
_COLUMNS: tuple[tuple[str, str], ...] = (
    ("customer_id", "bigint"),
    ("name", "text"),
    ("avatar", "text"),
    ("phone_masked", "text"),
    ("employee_id", "bigint"),
    ("unit_id", "bigint"),
    ("friend_count", "int"),
    ("tags", "text"),
    ("channel", "text"),
    ("orders", "int"),
    ("spent_total", "bigint"),
    ("refunded_total", "bigint"),
    ("net_total", "bigint"),
    ("first_order_at", "timestamptz"),
    ("last_order_at", "timestamptz"),
    ("last_active_at", "timestamptz"),
    ("points_balance", "bigint"),
    ("created_at", "timestamptz"),
)
_NAMES = tuple(name for name, _type in _COLUMNS)
_TAGS = _NAMES.index("tags")
# tags travel as one text per row, joined by a character that no tag may hold
_TAG_JOINT = "\x1f"
_SELECTED = ", ".join(f"string_to_array(n.{n}, E'\\x1f')" if n == "tags" else f"n.{n}" for n in _NAMES)
_UPSERT = f"""
INSERT INTO {RELATION} ({", ".join(_NAMES)}, stage)
SELECT {_SELECTED}, '' FROM unnest({", ".join(f"%s::{kind}[]" for _name, kind in _COLUMNS)}) AS n({", ".join(_NAMES)})
ON CONFLICT (customer_id) DO UPDATE SET {", ".join(f"{n} = excluded.{n}" for n in _NAMES[1:])}
"""
ALL_FIELDS = frozenset(_NAMES[1:])


def hold_insights() -> None:
    """Wait until no other transaction writes cards, scores or members (at most five seconds)."""
    foundation.advisory_lock("insights")


def refresh(customer_ids: Sequence[int], *, at: datetime) -> Touch:
    """Recompute the cards of these customers from records and facts; returns what changed.

    Ids merged away or erased lose their card. State is a function of records and facts alone, so any
    order and any number of repeats leads to the same cards.
    """
    hold_insights()
    wanted = sorted(set(customer_ids))
    fresh = sources.card_rows(wanted)
    before = _stored(wanted)
    changed: dict[int, frozenset[str]] = {}
    for customer_id, row in fresh.items():
        old = before.get(customer_id)
        if old is None:
            changed[customer_id] = ALL_FIELDS
        elif old != row:
            changed[customer_id] = frozenset(n for n, a, b in zip(_NAMES, old, row, strict=True) if a != b)
    _write([fresh[customer_id] for customer_id in changed])
    _write_search([fresh[c] for c, fields in changed.items() if fields & {"name", "phone_masked", "tags"}])
    removed = frozenset(before.keys() - fresh.keys())
    _remove(removed)
    return Touch(tuple(wanted), changed, removed, {})


def notify(touch: Touch, *, at: datetime) -> None:
    """Tell each listener in order of registration; what one changes the next one sees."""
    changed: Mapping[int, frozenset[str]] = touch.changed
    for _name, listener in LISTENERS.items():
        more = listener(replace(touch, changed=changed), at=at)
        changed = {
            k: changed.get(k, frozenset()) | more.get(k, frozenset()) for k in changed.keys() | more.keys()
        }


def write_scores(scores: Sequence[CardScores]) -> int:
    """Put stage and scores onto cards; returns how many changed."""
    if not scores:
        return 0
    return foundation.execute(
        f"""UPDATE {RELATION} c SET stage = n.stage, stage_since = n.stage_since, r = n.r, f = n.f, m = n.m
            FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[], %s::smallint[], %s::smallint[], %s::smallint[])
              AS n(customer_id, stage, stage_since, r, f, m)
            WHERE c.customer_id = n.customer_id
              AND (c.stage, c.stage_since, c.r, c.f, c.m) IS DISTINCT FROM (n.stage, n.stage_since, n.r, n.f, n.m)""",
        [
            foundation.array(s.customer_id for s in scores),
            foundation.array(s.stage for s in scores),
            foundation.array(s.stage_since for s in scores),
            foundation.array(s.r for s in scores),
            foundation.array(s.f for s in scores),
            foundation.array(s.m for s in scores),
        ],
    )


def rebuild(*, at: datetime, now: Callable[[], datetime] | None = None) -> int:
    """Recompute every card and remove those without a customer; returns how many differed.

    A chunk at a time, each a transaction of its own where the caller has none, so that nobody waits for all. Scores
    and segments follow quietly where a card changed, as of ``now`` (default: ``at``): their facts carry origin BACKFILL.
    """
    differed = 0
    for chunk in _chunks():
        with foundation.transaction():
            touch = refresh(chunk, at=at)
            differed += len(touch.changed) + len(touch.removed)
            if touch.changed or touch.removed:
                notify(replace(touch, quiet=True), at=now() if now is not None else at)
    return differed


def _chunks() -> Iterator[list[int]]:
    """Ids of all customers and of all cards, ascending, in chunks."""
    after = 0
    while True:
        known = customers.customer_ids(after=after, limit=REBUILD_CHUNK)
        end = known[-1] if len(known) == REBUILD_CHUNK else 2**62
        cards = foundation.fetch(
            f"SELECT customer_id FROM {RELATION} WHERE customer_id > %s AND customer_id <= %s", [after, end]
        )
        chunk = sorted({*known, *(row[0] for row in cards)})
        if chunk:
            yield chunk
        if len(known) < REBUILD_CHUNK:
            return
        after = end


def _stored(customer_ids: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    rows = foundation.fetch(
        f"SELECT {', '.join(_NAMES)} FROM {RELATION} WHERE customer_id = ANY(%s)", [list(customer_ids)]
    )
    return {row[0]: tuple(tuple(v) if isinstance(v, list) else v for v in row) for row in rows}


def _write(rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True))
    columns[_TAGS] = [_TAG_JOINT.join(tags) for tags in columns[_TAGS]]
    foundation.execute(_UPSERT, [foundation.array(column) for column in columns])


def _write_search(rows: Sequence[tuple[Any, ...]]) -> None:
    if not rows:
        return
    at = {name: i for i, name in enumerate(_NAMES)}
    foundation.execute(
        """INSERT INTO insights_cards_cardsearch (customer_id, grams, tags, phone_tail)
           SELECT n.customer_id, string_to_array(n.grams, E'\\x1f'), string_to_array(n.tags, E'\\x1f'), n.tail
           FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[]) AS n(customer_id, grams, tags, tail)
           ON CONFLICT (customer_id) DO UPDATE
           SET grams = excluded.grams, tags = excluded.tags, phone_tail = excluded.phone_tail""",
        [
            foundation.array(row[0] for row in rows),
            foundation.array(_TAG_JOINT.join(rules.name_grams(row[at["name"]])) for row in rows),
            foundation.array(_TAG_JOINT.join(row[at["tags"]]) for row in rows),
            foundation.array(rules.phone_tail(row[at["phone_masked"]]) for row in rows),
        ],
    )


def _remove(customer_ids: frozenset[int]) -> None:
    if customer_ids:
        ids = sorted(customer_ids)
        foundation.execute(f"DELETE FROM {RELATION} WHERE customer_id = ANY(%s)", [ids])
        foundation.execute("DELETE FROM insights_cards_cardsearch WHERE customer_id = ANY(%s)", [ids])
