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
    """Take up to ``limit`` rows due at business time ``at``; call inside a transaction.

    Without ``lease`` rows are locked until the transaction ends and otherwise unchanged. With it
    they get a lease of that wall time and a token, ``attempts`` grows by one, and the state becomes
    ``claimed_state`` if given; commit, do the work, and settle with ``WHERE lease_token = …``.
    ``where``/``params`` narrow further (own SQL only, never values from outside).
    """
    table = connection.ops.quote_name(model._meta.db_table)
    wall = clock.wall_now()
    due = (
        f"SELECT id FROM {table} WHERE state IN ({', '.join(['%s'] * len(states))}) AND due_at <= %s"
        f" AND (run_after IS NULL OR run_after <= %s) AND (lease_until IS NULL OR lease_until <= %s)"
        f" AND ({where}) ORDER BY due_at, id LIMIT %s FOR UPDATE SKIP LOCKED"
    )
    values: list[Any] = [*states, at, wall, wall, *params, limit]
    if lease is None:
        ids = [row[0] for row in fetch(due, values)]
    else:
        changes = "lease_until = %s, lease_token = %s, attempts = attempts + 1"
        extra: list[Any] = [wall + lease, uuid.uuid4()]
        if claimed_state is not None:
            changes += ", state = %s"
            extra.append(claimed_state)
        ids = [
            row[0]
            for row in fetch(
                f"WITH due AS ({due}) UPDATE {table} t SET {changes} FROM due WHERE t.id = due.id RETURNING t.id",
                [*values, *extra],
            )
        ]
    return list(model._default_manager.filter(pk__in=ids).order_by("due_at", "pk")) if ids else []


def count_due(model: type[DueRow], *, at: datetime, states: Sequence[str] = (WAITING,)) -> int:
    """How many rows are due at ``at``, whether leased or to be retried later or not."""
    return model._default_manager.filter(state__in=states, due_at__lte=at).count()


def next_due(model: type[DueRow], states: Sequence[str] = (WAITING,)) -> datetime | None:
    """The earliest business time at which a row of this table becomes due."""
    first = model._default_manager.filter(state__in=states).order_by("due_at").values_list("due_at").first()
    return first[0] if first else None
