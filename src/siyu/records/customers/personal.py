"""What merge, undo, export and erasure do to the tables of customers."""

from __future__ import annotations

import json

from siyu.facts import api as facts
from siyu.foundation import api as foundation
from siyu.records.customers.operations.identities import PURPOSE
from siyu.records.customers.registry import (
    PERSONAL,
    DataPolicy,
    Erase,
    Export,
    MergeRule,
    Person,
    Row,
    blank_columns,
    delete_rows,
    export_rows,
    keep_rows,
    not_exported,
)

_T = "records_customers_"


def _identities(person: Person) -> list[Row]:
    rows = foundation.fetch(
        "SELECT kind, realm, value_sealed, first_seen_at, source FROM records_customers_identity"
        " WHERE subject_id = ANY(%s) ORDER BY id",
        [list(person.subject_ids)],
    )
    return [
        {
            "kind": kind,
            "realm": realm,
            "value": foundation.unseal(sealed, PURPOSE).decode(),
            "first_seen_at": seen.isoformat(),
            "source": source,
        }
        for kind, realm, sealed, seen, source in rows
    ]


def _tags(person: Person) -> list[Row]:
    rows = foundation.fetch(
        "SELECT t.name, x.since, x.until, x.source FROM records_customers_customertag x"
        " JOIN records_customers_tag t ON t.id = x.tag_id WHERE x.customer_id = ANY(%s) ORDER BY x.id",
        [list(person.customer_ids)],
    )
    return [
        {
            "tag": name,
            "since": since.isoformat(),
            "until": until.isoformat() if until else None,
            "source": source,
        }
        for name, since, until, source in rows
    ]


def _customers(person: Person) -> list[Row]:
    rows = foundation.fetch(
        "SELECT id, name, avatar, gender, phone_masked, created_at FROM records_customers_customer"
        " WHERE id = ANY(%s) ORDER BY id",
        [list(person.customer_ids)],
    )
    names = ("id", "name", "avatar", "gender", "phone_masked", "created_at")
    return [dict(zip(names, (*row[:5], row[5].isoformat()), strict=True)) for row in rows]


def _facts(person: Person) -> list[Row]:
    rows = foundation.fetch(
        f"SELECT name, occurred_at, payload FROM {facts.LOG_VIEW} WHERE subject_id = ANY(%s) ORDER BY id",
        [list(person.subject_ids)],
    )
    return [
        {"name": name, "occurred_at": at.isoformat(), "payload": json.loads(payload)}
        for name, at, payload in rows
    ]


def _blank_customers(person: Person) -> int:
    return foundation.execute(
        "UPDATE records_customers_customer SET name = '', avatar = '', gender = '', phone_masked = ''"
        " WHERE id = ANY(%s)",
        [list(person.customer_ids)],
    )


def _declare(model: str, export: Export, erase: Erase, rule: MergeRule = MergeRule.VIA_MAP) -> None:
    PERSONAL.declare(f"records_customers.{model}", DataPolicy(rule, rule, export, erase))


def declare() -> None:
    """Declare every table of this module, and the log, which knows of subjects only and lies below."""
    PERSONAL.declare(
        "facts_events.Event",
        DataPolicy(
            MergeRule.VIA_MAP,
            MergeRule.VIA_MAP,
            _facts,
            lambda person: facts.empty_facts(person.subject_ids),
        ),
    )
    opaque = keep_rows("opaque ids and times only")
    _declare("Customer", _customers, _blank_customers)
    _declare("Identity", _identities, delete_rows(f"{_T}identity", by="subject_id"))
    _declare("SubjectMap", not_exported("opaque ids only"), opaque)
    _declare("WeakLink", not_exported("opaque ids only"), opaque)
    _declare("Merge", not_exported("opaque ids; shown with the customer"), opaque, MergeRule.STAYS)
    _declare("MergeCase", not_exported("opaque ids; a work queue"), opaque, MergeRule.STAYS)
    _declare("ContactEvent", not_exported("what Contact is computed from"), opaque)
    _declare(
        "Contact",
        export_rows(
            f"{_T}contact",
            "employee_id",
            "connection",
            "since",
            "until",
            "ended_by",
            "add_way",
            by="subject_id",
        ),
        opaque,
    )
    _declare(
        "Assignment",
        export_rows(f"{_T}assignment", "employee_id", "unit_id", "since", "until", "reason"),
        blank_columns(f"{_T}assignment", {"reason": ""}),
    )
    _declare("Sight", not_exported("computed from the two above"), opaque, MergeRule.SUBSCRIBES)
    _declare("CustomerTag", _tags, delete_rows(f"{_T}customertag"))
    _declare(
        "Consent",
        export_rows(f"{_T}consent", "channel", "purpose", "granted", "at", "evidence"),
        blank_columns(f"{_T}consent", {"evidence": ""}),
    )
    _declare(
        "Erasure",
        not_exported("the proof of an erasure"),
        keep_rows("needed to clean restored backups"),
        MergeRule.STAYS,
    )
