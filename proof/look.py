"""Takes the snapshot: reads the database, and tries a fresh rebuild in a transaction that is rolled back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from django.db import transaction

from proof.office import GUEST, GUEST_PHONE, WITNESS
from proof.snapshot import DRAWN, INBOX, TABLES, Row, Snapshot, read_office, read_twin, understand
from siyu.decisions.loyalty import api as loyalty
from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.insights.cards import api as cards
from siyu.insights.scoring import api as scoring
from siyu.insights.segments import api as segments
from siyu.kit import clock
from siyu.records.customers import api as customers
from siyu.records.staff import api as staff

JSON_COLUMNS = ("payload", "context", "definition", "content", "params", "detail")
SCORES = "customer_id, stage, stage_since, r, f, m"
SIGHT = "SELECT customer_id, viewer FROM records_customers_sight"
MEMBERS = (
    "SELECT segment_id, customer_id FROM insights_segments_membership m WHERE valid_to IS NULL AND known_to IS NULL"
    " AND EXISTS (SELECT 1 FROM insights_segments_segment s WHERE s.id = m.segment_id AND s.archived_at IS NULL)"
)


GUESTS = f"({GUEST}[0-9]{{5}}|{GUEST_PHONE}[0-9]{{7}})"


class _Undo(Exception):
    """Rolls a block back."""


@contextmanager
def undone() -> Iterator[None]:
    """Whatever happens inside never happened."""
    try:
        with transaction.atomic():
            yield
            raise _Undo
    except _Undo:
        pass


def take(state: Path) -> Snapshot:
    """Read both sides of the run in this folder, as of the moment the house stopped."""
    with clock.frozen(datetime.fromisoformat((state / "rest").read_text())) as at:
        return _take(state, at)


def _take(state: Path, at: datetime) -> Snapshot:
    rows = {table: _rows(f"SELECT * FROM {table}") for table in TABLES}
    rows[DRAWN] = _rows(
        f"SELECT *, xmin::text::bigint AS tx FROM {DRAWN}"
    )  # written once: in which transaction
    rows[INBOX] = _rows(f"SELECT id, source, key, state, attempts FROM {INBOX}")
    twin = read_twin(state / "twin.json")
    office = read_office(state / WITNESS)
    _remember(rows, office)
    return Snapshot(
        rows=rows,
        due={table: _rows(_due_sql(table)) for table in _due_tables()},
        twin=twin,
        told=understand(twin),
        office=office,
        at=at,
        wall=clock.wall_now(),
        rebuilt=_rebuild(at),
        references=_references(),
        remains=_remains(),
        remnants=_remnants(),
        known_again=_known_again(office),
        subscriptions=[
            {"name": name, "facts": sorted(item.facts), "backfill": item.backfill, "shards": item.shards}
            for name, item in facts.SUBSCRIPTIONS.items()
        ],
        horizon=foundation.fetch("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")[0][0],
        schedules=[name for name, job in foundation.JOBS.items() if job.every is not None],
        fen_per_point=loyalty.points_rule(at).fen_per_point,
    )


def _rows(sql: str) -> list[Row]:
    found = foundation.fetch_dicts(sql)
    for row in found:
        for name in JSON_COLUMNS:
            if isinstance(row.get(name), str):
                row[name] = json.loads(row[name])
    return found


def _due_tables() -> list[str]:
    return [
        row[0]
        for row in foundation.fetch(
            "SELECT table_name FROM information_schema.columns"
            " WHERE table_schema = 'public' AND column_name = 'lease_until' ORDER BY 1"
        )
    ]


def _due_sql(table: str) -> str:
    return f"SELECT id, state, due_at, run_after, lease_until FROM {table}"


REFERENCES = {
    "customer_id": "records_customers_customer",
    "subject_id": "facts_events_subject",
    "anchor_subject_id": "facts_events_subject",
    "employee_id": "records_staff_employee",
    "unit_id": "records_staff_orgunit",
    "order_id": "records_commerce_order",
    "segment_id": "insights_segments_segment",
    "connection_id": "connectors_wecom_connection",
    "entry_fact_id": "facts_event",
    "fact_id": "facts_event",
    "cause_fact_id": "facts_event",
}
NOT_REFERENCES = {("facts_events_cursor", "fact_id")}


def _references() -> list[Row]:
    """Columns that name rows of other tables by plain ids (decision 0001), and how many are dangling."""
    columns = foundation.fetch(
        "SELECT c.table_name, c.column_name FROM information_schema.columns c"
        " JOIN pg_class k ON k.relname = c.table_name AND k.relkind IN ('r', 'p') AND NOT k.relispartition"
        " WHERE c.table_schema = 'public' AND c.column_name = ANY(%s) ORDER BY 1, 2",
        [list(REFERENCES)],
    )
    found = []
    for table, column in columns:
        if (table, column) in NOT_REFERENCES:
            continue
        [(number, dangling)] = foundation.fetch(
            f"SELECT count(*), count(*) FILTER (WHERE NOT EXISTS (SELECT 1 FROM {REFERENCES[column]} o"
            f" WHERE o.id = t.{column})) FROM {table} t WHERE t.{column} IS NOT NULL"
        )
        found.append({"table": table, "column": column, "number": number, "dangling": dangling})
    return found


def _remains() -> dict[str, list[str]]:
    """Where names and phones of those whom only an order file names stand in plain text."""
    found: dict[str, list[str]] = {}
    tables = foundation.fetch(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"
    )
    for (table,) in tables:
        for (word,) in foundation.fetch(
            f"SELECT DISTINCT m[1] FROM (SELECT t::text AS row FROM {table} t) r"
            " CROSS JOIN LATERAL regexp_matches(row, %s, 'g') m WHERE row LIKE %s OR row LIKE %s",
            [GUESTS, f"%{GUEST}%", f"%{GUEST_PHONE}%"],
        ):
            found.setdefault(word, []).append(table)
    return found


def _remember(rows: dict[str, list[Row]], office: Row) -> None:
    """Give back to checkers what was known of erased friends: who they were at WeCom, what was written to them."""
    texts: dict[int, str] = {}
    pairs = {
        (row["subject_id"], row["employee_id"], row["userid"], row["external_userid"])
        for row in rows["connectors_wecom_relation"]
    }
    for act in office["acts"]:
        texts.update({int(number): text for number, text in act["known"].get("texts", {}).items()})
        for pair in map(tuple, act["known"].get("pairs", [])):
            if pair not in pairs:
                pairs.add(pair)
                former = dict.fromkeys(rows["connectors_wecom_relation"][0])
                names = ("subject_id", "employee_id", "userid", "external_userid")
                former |= dict(zip(names, pair, strict=True)) | {"id": -len(pairs), "open": False}
                rows["connectors_wecom_relation"].append(former)
    for row in rows["actions_messaging_delivery"]:
        if not row["content"]["text"] and row["id"] in texts:
            row["content"] = {**row["content"], "text": texts[row["id"]]}


OF_CUSTOMERS = (
    "records_customers_customertag",
    "insights_cards_card",
    "insights_cards_cardsearch",
    "insights_segments_membership",
    "insights_segments_nextflip",
    "insights_scoring_stageflip",
    "actions_work_task",
)


def _remnants() -> dict[int, list[str]]:
    """Which tables still tell something of a customer who was erased."""
    found: dict[int, list[str]] = {}
    parts = [
        (
            table,
            f"SELECT DISTINCT c.id FROM {table} t JOIN records_customers_customer c ON c.id = t.customer_id",
        )
        for table in OF_CUSTOMERS
    ]
    parts.append(
        (
            "records_customers_identity",
            "SELECT DISTINCT c.id FROM records_customers_identity t JOIN records_customers_subjectmap m"
            " ON m.subject_id = t.subject_id AND m.valid_to IS NULL"
            " JOIN records_customers_customer c ON c.id = m.customer_id",
        )
    )
    for table, sql in parts:
        for (customer,) in foundation.fetch(f"{sql} WHERE c.erased_at IS NOT NULL"):
            found.setdefault(customer, []).append(table)
    return found


def _known_again(office: Row) -> dict[str, int]:
    """Whether the ids at WeCom of erased friends belong to somebody now."""
    [(corpid,)] = foundation.fetch("SELECT corpid FROM connectors_wecom_connection")
    found = {}
    for act in office["acts"]:
        for *_one, external in act["known"].get("pairs", []):
            ref = customers.IdentityRef(customers.IdentityKind.EXTERNAL_USERID, external, corpid)
            found[external] = customers.find_customer(ref, scope=staff.EVERYTHING) or 0
    return found


def _rebuild(moment: datetime) -> dict[str, list[str]]:
    """What differs after who sees whom, cards, scores and segments were computed afresh from facts and records."""
    found: dict[str, list[str]] = {}
    with undone():
        seen = set(foundation.fetch(SIGHT))
        foundation.execute("DELETE FROM records_customers_sight")
        customers.see_all_anew()
        anew = set(foundation.fetch(SIGHT))
        found["sight"] = [f"customer {c}, viewer {v}: kept but not so" for c, v in sorted(seen - anew)]
        found["sight"] += [f"customer {c}, viewer {v}: missing" for c, v in sorted(anew - seen)]
        found["sight of"] = [str(len(seen))]
    with undone():
        before = _by_first("SELECT * FROM insights_cards_card")
        foundation.execute("DELETE FROM insights_cards_card")
        cards.rebuild(at=moment)
        scoring.rescore(at=moment)
        after = _by_first("SELECT * FROM insights_cards_card")
        found["cards"] = _differences(before, after, but=("stage", "stage_since", "r", "f", "m"))
        found["scores"] = _differences(before, after, only=("stage", "stage_since", "r", "f", "m"))
        found["cards of"] = [str(len(before))]
    with undone():
        members = set(foundation.fetch(MEMBERS))
        flips = set(
            foundation.fetch("SELECT segment_id, customer_id, due_at FROM insights_segments_nextflip")
        )
        foundation.execute("DELETE FROM insights_segments_membership")
        foundation.execute("DELETE FROM insights_segments_nextflip")
        segments.rebuild(at=moment)
        fresh = set(foundation.fetch(MEMBERS))
        again = set(
            foundation.fetch("SELECT segment_id, customer_id, due_at FROM insights_segments_nextflip")
        )
        found["segments"] = [
            f"segment {s}, customer {c}: kept but not so" for s, c in sorted(members - fresh)
        ]
        found["segments"] += [f"segment {s}, customer {c}: missing" for s, c in sorted(fresh - members)]
        found["segments"] += [f"next flip {row}" for row in sorted(flips ^ again, key=str)]
        found["segments of"] = [str(len(members))]
    return found


def _by_first(sql: str) -> dict[int, Row]:
    return {row["customer_id"]: row for row in foundation.fetch_dicts(sql)}


def _differences(
    before: dict[int, Row], after: dict[int, Row], *, only: tuple[str, ...] = (), but: tuple[str, ...] = ()
) -> list[str]:
    wrong = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        if old is None or new is None:
            if not only:
                wrong.append(f"customer {key}: card {'missing' if old is None else 'too much'}")
            continue
        names = [n for n in old if (n in only if only else n not in but) and old[n] != new[n]]
        if names:
            wrong.append(f"customer {key}: " + ", ".join(f"{n} {old[n]!r} fresh {new[n]!r}" for n in names))
    return wrong
