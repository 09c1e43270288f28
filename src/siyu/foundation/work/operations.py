"""Enqueue and run jobs and schedules."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError
from django.utils.translation import gettext_lazy as _

from siyu.foundation.db import fetch, savepoint, transaction
from siyu.foundation.logs import correlated, correlation_id
from siyu.foundation.work import leases
from siyu.foundation.work.contracts import JOBS, JobType, JobView
from siyu.foundation.work.due import WAITING, claim_due
from siyu.foundation.work.models import DEAD, DONE, RUNNING, STOPPED, Job, WorkerBeat
from siyu.kit import clock
from siyu.kit.errors import Conflict, NotFound, RetryLater, reason_of

log = logging.getLogger("siyu.work")

BACKOFF = (1, 5, 20, 60, 300, 900, 3600)
SCHEDULE_KEY = "schedule"


def enqueue(
    name: str, payload: dict[str, Any] | None = None, *, due_at: datetime, key: str | None = None
) -> int | None:
    """Write a job for later in this transaction; returns its id, or None if one of that key is open already."""
    JOBS.get(name)
    rows = fetch(
        """INSERT INTO foundation_work_job
             (name, key, payload, state, due_at, attempts, correlation_id, progress_done, note,
              stop_requested, last_error, created_at)
           VALUES (%s, %s, %s::jsonb, 'waiting', %s, 0, %s, 0, '', false, '', %s)
           ON CONFLICT (name, key) WHERE state IN ('waiting', 'running') DO NOTHING RETURNING id""",
        [name, key, _json(payload or {}), due_at, correlation_id(), clock.wall_now()],
    )
    return int(rows[0][0]) if rows else None


def _json(value: dict[str, Any]) -> str:
    return json.dumps(value, default=str)


def ensure_schedules(*, at: datetime) -> None:
    """See to it that each scheduled job type has its one open row."""
    for name, job in JOBS.items():
        if job.every is not None:
            enqueue(name, {}, due_at=at, key=SCHEDULE_KEY)


@dataclass
class _Run:
    """The ``JobRun`` given to a job."""

    row: Job
    at: datetime
    lease: timedelta | None
    stopping: Callable[[], bool]
    held: leases.Held | None = None
    began: datetime = field(default_factory=clock.business_now)

    def now(self) -> datetime:
        return self.at + (clock.business_now() - self.began)

    @property
    def attempt(self) -> int:
        return max(1, self.row.attempts)

    @property
    def job_id(self) -> int:
        return int(self.row.pk)

    def progress(self, done: int, total: int | None = None, note: str = "") -> None:
        changes: dict[str, Any] = {"progress_done": done, "progress_total": total, "note": note[:300]}
        if self.lease is not None:
            changes["lease_until"] = clock.wall_now() + leases.first(self.lease)
        if self.held is not None:
            self.held.sign_of_life()
        mine = Job.objects.filter(pk=self.row.pk, lease_token=self.row.lease_token)
        if not mine.update(**changes):
            raise Conflict("job.lease_lost")

    def should_stop(self) -> bool:
        if self.stopping():
            return True
        return bool(Job.objects.filter(pk=self.row.pk, stop_requested=True).exists())


def run_due_jobs(
    *,
    at: datetime,
    limit: int = 20,
    stopping: Callable[[], bool] = lambda: False,
    only: Sequence[str] | None = None,
) -> int:
    """Run up to ``limit`` due jobs, each in its own transaction or under its own lease; returns how many ran."""
    ran = 0
    while ran < limit and not stopping():
        if not _run_one(at, stopping, list(only) if only is not None else None):
            break
        ran += 1
    return ran


def _run_one(at: datetime, stopping: Callable[[], bool], only: list[str] | None) -> bool:
    direct = [name for name, job in JOBS.items() if job.transactional and (only is None or name in only)]
    leased = [name for name, job in JOBS.items() if not job.transactional and (only is None or name in only)]
    row: Job | None = None
    try:
        with transaction():
            rows = claim_due(Job, at=at, limit=1, where="name = ANY(%s)", params=[direct])
            if rows:
                row = rows[0]
                job = JOBS.get(row.name)
                with correlated(row.correlation_id or None), savepoint():
                    job.run(row.payload, _Run(row, at, None, stopping))
                _finish(row, job, at)
                return True
    except Exception as error:
        if row is None:
            raise
        _failed(row, JOBS.get(row.name), error, at)
        return True
    return _run_leased(at, stopping, leased)


def _run_leased(at: datetime, stopping: Callable[[], bool], names: list[str]) -> bool:
    with transaction():
        # The longest lease of any kind is given first and cut to the kind's own right away.
        rows = claim_due(
            Job,
            at=at,
            limit=1,
            lease=max((JOBS.get(name).lease for name in names), default=timedelta(minutes=2)),
            states=(WAITING, RUNNING),
            claimed_state=RUNNING,
            where="name = ANY(%s)",
            params=[names],
        )
        if not rows:
            return False
        row = rows[0]
        job = JOBS.get(row.name)
        Job.objects.filter(pk=row.pk).update(lease_until=clock.wall_now() + leases.first(job.lease))
    try:
        with leases.holding(row.lease_token, job.lease) as held, correlated(row.correlation_id or None):
            job.run(row.payload, _Run(row, at, job.lease, stopping, held))
    except Exception as error:
        _failed(row, job, error, at)
        return True
    with transaction():
        if stopping() and not _asked_to_stop(row):
            Job.objects.filter(pk=row.pk, lease_token=row.lease_token).update(
                state=WAITING, lease_until=None, lease_token=None
            )
        else:
            _finish(row, job, at)
    return True


def _asked_to_stop(row: Job) -> bool:
    return bool(Job.objects.filter(pk=row.pk, stop_requested=True).exists())


def _finish(row: Job, job: JobType, at: datetime) -> None:
    state = STOPPED if _asked_to_stop(row) else DONE
    done = Job.objects.filter(pk=row.pk, lease_token=row.lease_token).update(
        state=state, finished_at=clock.wall_now(), lease_until=None, last_error=""
    )
    if done and job.every is not None and row.key == SCHEDULE_KEY:
        enqueue(row.name, {}, due_at=at + job.every, key=SCHEDULE_KEY)


def _failed(row: Job, job: JobType, error: Exception, at: datetime) -> None:
    """Plan the next try, or put the job among the dead, where pages and doctor show it."""
    attempts = row.attempts + (1 if job.transactional else 0)
    dead = attempts >= job.max_attempts and not isinstance(error, RetryLater)
    wait: float = BACKOFF[min(attempts, len(BACKOFF)) - 1]
    about = {"job": row.name, "job_id": row.pk, "attempt": attempts}
    if isinstance(error, RetryLater):
        wait = error.after_seconds if error.after_seconds is not None else wait
        # Expected and mended by waiting: one line; the reason also stands on the job's page.
        log.info("job put off", extra={**about, "seconds": wait, "reason": str(error)[:500]})
    else:
        level = logging.ERROR if dead else logging.WARNING
        log.log(level, "job failed", extra={**about, "dead": dead}, exc_info=error)
    with transaction():
        # As it was claimed: a row held by lock only was free while the failure came here, and may be done since.
        mine = Job.objects.filter(
            pk=row.pk, lease_token=row.lease_token, state=row.state, attempts=row.attempts
        ).update(
            state=DEAD if dead else WAITING,
            attempts=min(attempts, 30_000),
            run_after=clock.wall_now() + timedelta(seconds=wait),
            lease_until=None,
            last_error=reason_of(error)[:2000],
            finished_at=clock.wall_now() if dead else None,
        )
        if mine and dead and job.every is not None and row.key == SCHEDULE_KEY:
            enqueue(row.name, {}, due_at=at + job.every, key=SCHEDULE_KEY)


def request_stop(job_id: int) -> None:
    """Ask a running or waiting job to stop at its next safe place; NotFound when there is no open job."""
    if not Job.objects.filter(pk=job_id, state__in=(WAITING, RUNNING)).update(stop_requested=True):
        raise NotFound("job.not_found")


def retry_job(job_id: int, *, due_at: datetime) -> None:
    """Put a dead or stopped job back in line; Conflict when it is neither or another of its key is open."""
    try:
        with savepoint():
            changed = Job.objects.filter(pk=job_id, state__in=(DEAD, STOPPED)).update(
                state=WAITING,
                due_at=due_at,
                run_after=None,
                attempts=0,
                stop_requested=False,
                finished_at=None,
            )
    except IntegrityError as error:
        raise Conflict("job.other_open", _("The same job is already waiting.")) from error
    if not changed:
        raise Conflict("job.not_stopped", _("Only a failed or stopped job can be started again."))


def list_jobs(
    *, states: Sequence[str] | None = None, name: str | None = None, limit: int = 100
) -> list[JobView]:
    """Jobs, newest first."""
    rows = Job.objects.order_by("-id")
    if states:
        rows = rows.filter(state__in=states)
    if name:
        rows = rows.filter(name=name)
    return [_view(row) for row in rows[:limit]]


def get_job(job_id: int) -> JobView:
    """One job; NotFound when there is none."""
    row = Job.objects.filter(pk=job_id).first()
    if row is None:
        raise NotFound("job.not_found")
    return _view(row)


def _view(row: Job) -> JobView:
    return JobView(
        id=row.pk,
        name=row.name,
        state=row.state,
        due_at=row.due_at,
        attempts=row.attempts,
        progress_done=row.progress_done,
        progress_total=row.progress_total,
        note=row.note,
        last_error=row.last_error,
        payload=row.payload,
        created_at=row.created_at,
        finished_at=row.finished_at,
        stop_requested=row.stop_requested,
    )


def jobs_pending(*, at: datetime) -> int:
    """How many jobs are due at ``at``, running or waiting for another try included."""
    return Job.objects.filter(state__in=(WAITING, RUNNING), due_at__lte=at).count()


def next_job_due() -> datetime | None:
    """The earliest business time at which a job other than a schedule becomes due."""
    rows = Job.objects.filter(state__in=(WAITING, RUNNING)).exclude(key=SCHEDULE_KEY)
    first = rows.order_by("due_at").values_list("due_at").first()
    return first[0] if first else None


def beat(name: str) -> None:
    """A worker's sign of life; call it every few seconds: it also renews the leases of what runs here."""
    wall = clock.wall_now()
    leases.renew()
    WorkerBeat.objects.update_or_create(
        name=name, defaults={"seen_at": wall}, create_defaults={"started_at": wall, "seen_at": wall}
    )


def workers_seen(within: timedelta = timedelta(seconds=30)) -> list[tuple[str, datetime]]:
    """Workers that gave a sign of life lately: (name, wall time)."""
    since = clock.wall_now() - within
    return list(WorkerBeat.objects.filter(seen_at__gte=since).values_list("name", "seen_at"))


def purge_jobs(*, wall: datetime, keep: timedelta = timedelta(days=14)) -> int:
    """Remove rows of jobs done long ago; returns how many."""
    return int(Job.objects.filter(state=DONE, finished_at__lt=wall - keep).delete()[0])
