"""Everything the checkers look at, read once: rows of siyu's database and the twin's own record.

Checkers are pure functions over a ``Snapshot``; none of them asks the database again.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Row = dict[str, Any]

DRAWN = "records_goals_holdoutassignment"
TABLES = (
    "actions_messaging_delivery",
    "actions_work_task",
    "connectors_commerce_import",
    "connectors_commerce_quarantinedrow",
    "connectors_wecom_connection",
    "connectors_wecom_massrecipient",
    "connectors_wecom_masssend",
    "connectors_wecom_relation",
    "connectors_wecom_welcomecode",
    "decisions_acquisition_livecode",
    "decisions_journeys_enrolment",
    "decisions_journeys_journey",
    "decisions_journeys_journeyversion",
    "decisions_journeys_skip",
    "decisions_journeys_steprun",
    "decisions_loyalty_orderpoints",
    "facts_event_key",
    "facts_events_cursor",
    "facts_events_dead",
    "facts_log",
    "foundation_accounts_apikey",
    "foundation_accounts_user",
    "foundation_audit_auditrow",
    "foundation_settings_settingvalue",
    "foundation_work_job",
    "insights_metrics_entry",
    "insights_segments_segment",
    "insights_segments_segmentversion",
    "records_commerce_order",
    "records_commerce_refund",
    "records_customers_assignment",
    "records_customers_contact",
    "records_customers_customer",
    "records_customers_customertag",
    "records_customers_erasure",
    "records_customers_merge",
    "records_customers_mergecase",
    "records_customers_subjectmap",
    "records_customers_tag",
    DRAWN,
    "records_ledger_account",
    "records_ledger_balance",
    "records_ledger_entry",
    "records_ledger_transfer",
)
INBOX = "facts_inbox_rawmessage"
_FIELD = re.compile(r"<(\w+)><!\[CDATA\[(.*?)\]\]></\1>")


@dataclass(frozen=True)
class Told:
    """One callback of the twin, understood by the proof itself."""

    status: str
    plaintext: str
    event: str
    change: str
    at: datetime
    fields: dict[str, str]

    @property
    def key(self) -> str:
        """What siyu should have stored it under."""
        return "sha256:" + hashlib.sha256(self.plaintext.encode()).hexdigest()

    @property
    def pair(self) -> tuple[str, str]:
        """Member and customer."""
        return self.fields.get("UserID", ""), self.fields.get("ExternalUserID", "")


@dataclass
class Snapshot:
    """Both sides at rest."""

    rows: dict[str, list[Row]]
    due: dict[str, list[Row]]  # every table with a lease, as (id, state, due_at, run_after, lease_until)
    twin: Row
    told: list[Told]
    office: Row  # what was asked for at the console, and answered
    at: datetime  # business time
    wall: datetime
    rebuilt: dict[str, list[str]] = field(default_factory=dict)  # what a fresh rebuild made different
    references: list[Row] = field(default_factory=list)  # table, column, number, dangling
    subscriptions: list[Row] = field(default_factory=list)  # name, facts, backfill, shards
    remains: dict[str, list[str]] = field(
        default_factory=dict
    )  # a guest's name or phone → tables that have it
    remnants: dict[int, list[str]] = field(default_factory=dict)  # erased customer → tables with rows of them
    known_again: dict[str, int] = field(
        default_factory=dict
    )  # an erased friend's id at WeCom → customer, or 0
    horizon: int = 0  # oldest transaction that may still be running
    schedules: list[str] = field(default_factory=list)
    fen_per_point: int = 100

    def __getitem__(self, table: str) -> list[Row]:
        return self.rows[table]

    def facts(self, name: str, origin: str | None = None) -> list[Row]:
        """Facts of one name."""
        return [
            row
            for row in self.rows["facts_log"]
            if row["name"] == name and (origin is None or row["origin"] == origin)
        ]

    def ledger(self, kind: str) -> list[Row]:
        """Rows of the twin's ledger of truth."""
        found: list[Row] = self.twin["ledger"].get(kind, [])
        return found

    def forgotten(self) -> list[tuple[Row, datetime]]:
        """Friends who were erased: what was known of each, and when."""
        when = {row["customer_id"]: row["at"] for row in self.rows["records_customers_erasure"]}
        return [
            (act["known"], when[act["customer_id"]])
            for act in self.office["acts"]
            if act["kind"] == "forget" and act["customer_id"] in when
        ]

    def by_id(self, table: str) -> dict[int, Row]:
        """Rows of a table by id."""
        return {row["id"]: row for row in self.rows[table]}


def group(rows: Iterable[Row], *names: str) -> dict[Any, list[Row]]:
    """Rows by one or several columns."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[names[0]] if len(names) == 1 else tuple(row[name] for name in names)].append(row)
    return found


def moment(seconds: float) -> datetime:
    """A moment of the twin's."""
    return datetime.fromtimestamp(seconds, UTC)


def read_twin(path: Path) -> Row:
    """All the twin knows, from the file it wrote at its end."""
    state: Row = json.loads(path.read_text())["state"]
    return state


def read_office(path: Path) -> Row:
    """What the office wrote down."""
    told: Row = json.loads(path.read_text())
    return told


def understand(twin: Row) -> list[Told]:
    """The twin's callbacks."""
    return [
        Told(
            row["status"],
            row["plaintext"],
            row["event"],
            row["change_type"],
            moment(row["at"]),
            dict(_FIELD.findall(row["plaintext"])),
        )
        for row in twin["callbacks"]
    ]


def people(snapshot: Snapshot) -> dict[int, int]:
    """Subject → a number of the person. Whoever was ever taken for the same counts as one, undone or not: what was
    done meanwhile was done to both."""
    by_subject: dict[int, int] = {}
    joined: dict[int, int] = {}

    def first(customer: int) -> int:
        while (other := joined.get(customer, customer)) != customer:
            customer = other
        return customer

    for row in snapshot["records_customers_subjectmap"]:
        known = first(by_subject.setdefault(row["subject_id"], row["customer_id"]))
        joined[first(row["customer_id"])] = known
    # Whoever was erased and came back has one phone still.
    holders: dict[str, int] = {}
    for row in snapshot["connectors_wecom_relation"]:
        if row["subject_id"] in by_subject:
            customer = first(by_subject[row["subject_id"]])
            joined[customer] = first(holders.setdefault(row["external_userid"], customer))
    return {subject: first(customer) for subject, customer in by_subject.items()}
