"""The database engine: times read by psycopg's own loader are what Django's would give; rows claimed are whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import BaseTzLoader

from siyu.foundation import api as foundation
from siyu.foundation.work.models import Job

AT = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
MOMENTS = (
    "0044-03-15 00:00:00+00",
    "1900-01-01 00:00:00.1+08:05:43",
    "2026-07-01 12:00:00.000001+08",
    "2026-11-22 04:00:00-11:30",
    "9999-12-31 23:59:59.999999+00",
)


@pytest.mark.django_db
def test_times_are_read_as_django_reads_them() -> None:
    asked = f"SELECT {', '.join(f'timestamptz {moment!r}' for moment in MOMENTS)}, NULL::timestamptz, ARRAY[timestamptz {MOMENTS[2]!r}]"
    (quick,) = foundation.fetch(asked)

    class Slow(BaseTzLoader):
        timezone = UTC

    with connection.cursor() as cursor:
        cursor.cursor.adapters.register_loader("timestamptz", Slow)
        cursor.execute(asked)
        slow = cursor.fetchone()
    assert quick == slow
    assert [value.tzinfo for value in quick[:5]] == [UTC] * 5
    assert quick[2] == datetime(2026, 7, 1, 4, 0, 0, 1, tzinfo=UTC)


@pytest.mark.django_db(transaction=True)
def test_a_cursor_on_the_servers_side_reads_them_too() -> None:
    _job(1)
    with foundation.transaction():
        rows = list(Job.objects.filter(name="engine.test").iterator(chunk_size=1))
    assert [row.due_at for row in rows] == [AT - timedelta(seconds=1)]


def _job(number: int) -> None:
    Job.objects.create(
        name="engine.test",
        key=f"k{number}",
        payload={"number": number, "deep": [1, {"a": None}]},
        due_at=AT - timedelta(seconds=number),
        created_at=AT,
    )


@pytest.mark.django_db
@pytest.mark.parametrize("lease", [None, timedelta(minutes=1)])
def test_what_is_claimed_comes_whole_and_the_earliest_first(lease: timedelta | None) -> None:
    for number in (1, 3, 2, 4):
        _job(number)
    rows = foundation.claim_due(
        Job, at=AT, limit=3, lease=lease, claimed_state="running", where="name = %s", params=["engine.test"]
    )
    assert [row.key for row in rows] == ["k4", "k3", "k2"]
    for row in rows:
        stored = Job.objects.get(pk=row.pk)
        fields = [field.attname for field in Job._meta.concrete_fields]
        assert {name: getattr(row, name) for name in fields} == {
            name: getattr(stored, name) for name in fields
        }
        assert row.payload["deep"] == [1, {"a": None}]
        assert (row.state, row.attempts) == (("running", 1) if lease else ("waiting", 0))
    rows[0].note = "changed"
    rows[0].save()
    assert Job.objects.get(pk=rows[0].pk).note == "changed"
