"""Due rows: the one way to wait, for jobs, timers, deliveries, journeys and flips alike.

``due_at`` is business time; ``run_after`` (retries) and ``lease_until`` are wall time. Rows are taken
in batches with ``FOR UPDATE SKIP LOCKED``: by lock only, when the work is done in the same
transaction, or with a lease, when it happens outside of one (HTTP).
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import connection, models
from django.db.models import Q

from siyu.foundation.db import fetch
from siyu.kit import clock

WAITING = "waiting"


class DueRow(models.Model):
    """What a table needs to be waited on. Give each a partial index with ``due_index``."""

    state = models.CharField(max_length=20, default=WAITING)
    due_at = models.DateTimeField()
    run_after = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    lease_token = models.UUIDField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True


def due_index(name: str, *states: str) -> models.Index:
    """The partial index that makes claiming cheap: only rows that can become due are in it."""
    return models.Index(fields=["due_at", "id"], name=name, condition=Q(state__in=states or (WAITING,)))


Row = TypeVar("Row", bound=DueRow)


def claim_due(
    model: type[Row],
    *,
    at: datetime,
    limit: int,
    lease: timedelta | None = None,
    states: Sequence[str] = (WAITING,),
    claimed_state: str | None = None,
    where: str = "TRUE",
    params: Sequence[Any] = (),
) -> list[Row]:
    """Take up to ``limit`` rows due at business time ``at``, the earliest first; call inside a transaction.

    Without ``lease`` rows are locked until the transaction ends and otherwise unchanged. With it
    they get a lease of that wall time and a token, ``attempts`` grows by one, and the state becomes
    ``claimed_state`` if given; commit, do the work, and settle with ``WHERE lease_token = …``.
    ``where``/``params`` narrow further (own SQL only, never values from outside).
    """
    table = connection.ops.quote_name(model._meta.db_table)
    wall = clock.wall_now()
    due = (
        f"FROM {table} t WHERE state IN ({', '.join(['%s'] * len(states))}) AND due_at <= %s"
        f" AND (run_after IS NULL OR run_after <= %s) AND (lease_until IS NULL OR lease_until <= %s)"
        f" AND ({where}) ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED"
    )
    values: list[Any] = [*states, at, wall, wall, *params, limit]
    fields = model._meta.concrete_fields
    columns = ", ".join(f"t.{connection.ops.quote_name(str(field.column))}" for field in fields)
    if lease is None:
        return _objects(model, fetch(f"SELECT {columns} {due}", values))
    # The count ends below the largest smallint: what is tried for weeks must stay claimable.
    changes = "lease_until = %s, lease_token = %s, attempts = LEAST(attempts, 32766) + 1"
    extra: list[Any] = [wall + lease, uuid.uuid4()]
    if claimed_state is not None:
        changes += ", state = %s"
        extra.append(claimed_state)
    # An array of row addresses: they are locked, so they stay where they are until the update.
    claim = f"UPDATE {table} t SET {changes} WHERE ctid = ANY(ARRAY(SELECT ctid {due})) RETURNING {columns}"
    rows = _objects(model, fetch(claim, [*extra, *values]))
    return sorted(rows, key=lambda row: (row.due_at, row.pk))


def _objects(model: type[Row], rows: Sequence[tuple[Any, ...]]) -> list[Row]:
    """Rows of all columns as the ORM would give them, in one statement instead of two."""
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    converted = [
        (place, convert)
        for place, field in enumerate(fields)
        for convert in field.get_db_converters(connection)
    ]
    found = []
    for row in rows:
        if converted:
            changed = list(row)
            for place, convert in converted:
                changed[place] = convert(changed[place], None, connection)
            row = tuple(changed)
        found.append(model.from_db(connection.alias, names, row))
    return found


def count_due(model: type[DueRow], *, at: datetime, states: Sequence[str] = (WAITING,)) -> int:
    """How many rows are due at ``at``, whether leased or to be retried later or not."""
    return model._default_manager.filter(state__in=states, due_at__lte=at).count()


def next_due(model: type[DueRow], states: Sequence[str] = (WAITING,)) -> datetime | None:
    """The earliest business time at which a row of this table becomes due."""
    first = model._default_manager.filter(state__in=states).order_by("due_at").values_list("due_at").first()
    return first[0] if first else None
