"""The personal-data registry: what merge, undo, export and erasure do to every table about people.

Every model with a ``customer_id`` or ``subject_id`` column declares a ``DataPolicy`` under its label
(``records_commerce.Order``) from its module's ``personal.py``, which its ``wiring.py`` imports and
runs. A model that declares nothing fails the build.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, TypeAlias

from siyu.foundation.api import Registry, execute, fetch_dicts

Row: TypeAlias = dict[str, object]
By = Literal["customer_id", "subject_id"]
_NAME = re.compile(r"[a-z_][a-z0-9_]*")


class MergeRule(StrEnum):
    """What a merge, and its undoing, do to the rows of a model."""

    VIA_MAP = "via_map"  # rows keep the subject or the first customer; readers go through the map
    SUBSCRIBES = (
        "subscribes"  # the module moves or recomputes, at once or on customer.merged / customer.unmerged
    )
    STAYS = "stays"  # a record of what was done to the customer at that time; stays as it is


@dataclass(frozen=True)
class Person:
    """One person for export and erasure: the customer in force, all merged ones, all subjects."""

    customer_id: int
    customer_ids: tuple[int, ...]
    subject_ids: tuple[int, ...]


Export: TypeAlias = Callable[[Person], Sequence[Row]]
Erase: TypeAlias = Callable[[Person], int]


@dataclass(frozen=True)
class DataPolicy:
    """What one model declares. ``export`` gives JSON-able rows; ``erase`` returns rows touched."""

    merge: MergeRule
    undo: MergeRule
    export: Export
    erase: Erase


class PersonalRegistry(Registry[DataPolicy]):
    """Model label → what happens to its rows."""

    def declare(self, model_label: str, policy: DataPolicy) -> None:
        """Declare one model's policy (from ``wiring``); a second declaration raises."""
        self.register(model_label, policy)


PERSONAL = PersonalRegistry("personal data")


def _safe(*names: str) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise ValueError(f"not a table or column name: {name!r}")


def _ids(person: Person, by: By) -> list[int]:
    return list(person.customer_ids if by == "customer_id" else person.subject_ids)


def _plain(value: object) -> object:
    return value.isoformat() if isinstance(value, date | datetime) else value


def export_rows(table: str, *columns: str, by: By = "customer_id") -> Export:
    """Export these columns of the person's rows, in id order."""
    _safe(table, by, *columns)
    sql = f"SELECT {', '.join(columns)} FROM {table} WHERE {by} = ANY(%s) ORDER BY id"  # names checked above

    def export(person: Person) -> list[Row]:
        rows = fetch_dicts(sql, [_ids(person, by)])
        return [{key: _plain(value) for key, value in row.items()} for row in rows]

    return export


def not_exported(reason: str) -> Export:
    """Nothing here is the person's own data; ``reason`` is for the reader of the code."""
    assert reason
    return lambda person: []


def delete_rows(table: str, *, by: By = "customer_id") -> Erase:
    """Erasure removes the person's rows."""
    _safe(table, by)
    sql = f"DELETE FROM {table} WHERE {by} = ANY(%s)"  # names checked above
    return lambda person: execute(sql, [_ids(person, by)])


def blank_columns(table: str, blanks: Mapping[str, object], *, by: By = "customer_id") -> Erase:
    """Erasure keeps the rows (accounts, counts) but overwrites these columns."""
    _safe(table, by, *blanks)
    changes = ", ".join(f"{column} = %s" for column in blanks)
    sql = f"UPDATE {table} SET {changes} WHERE {by} = ANY(%s)"  # names checked above
    return lambda person: execute(sql, [*blanks.values(), _ids(person, by)])


def keep_rows(reason: str) -> Erase:
    """Erasure touches nothing: rows hold opaque ids only, or the law asks to keep them; say which."""
    assert reason
    return lambda person: 0
