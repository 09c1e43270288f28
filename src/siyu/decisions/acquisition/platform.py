"""The job that brings a code at the platform to what we want. It holds no transaction during a call."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from siyu.decisions.acquisition.contracts import CodeMade, CodePort, CodeSpec, CodeStatus
from siyu.decisions.acquisition.models import LiveCode
from siyu.decisions.acquisition.operations import JOB
from siyu.decisions.acquisition.registry import code_port
from siyu.foundation import api as foundation
from siyu.kit.errors import OutcomeUnknown, Permanent, RetryLater, SiyuError

NO_PORT = _("Codes need a connected WeCom company.")


def sync_code(payload: dict[str, Any], run: foundation.JobRun) -> None:
    """Create, update or delete one code. A refusal is shown at the code; a passing fault is retried.

    A creation whose answer was lost is looked for by its state token before it is tried again, so
    that no place among the company's contact ways is lost.
    """
    row = LiveCode.objects.filter(pk=int(payload["code_id"])).first()
    if row is None or row.status in {CodeStatus.DELETED, CodeStatus.ACTIVE}:
        return
    version = row.version
    port = code_port()
    try:
        if port is None:
            raise Permanent("acquisition.no_port", NO_PORT)
        if row.status == CodeStatus.DELETING:
            _delete(port, row, run)
        elif row.config_id:
            port.update(row.config_id, _spec(row))
        else:
            _create(port, row, run)
    except Permanent as error:
        _settle(row, version, CodeStatus.FAILED, error)
        return
    except (RetryLater, OutcomeUnknown) as error:
        LiveCode.objects.filter(pk=row.pk, version=version).update(error=str(error)[:500])
        raise
    done = CodeStatus.DELETED if row.status == CodeStatus.DELETING else CodeStatus.ACTIVE
    if not _settle(row, version, done, None):
        _overtaken(row, run)


def _spec(row: LiveCode) -> CodeSpec:
    return CodeSpec(
        employee_ids=tuple(row.employee_ids),
        state=row.state,
        remark=row.name,
        skip_verify=row.skip_verify,
        connection=row.connection,
    )


def _create(port: CodePort, row: LiveCode, run: foundation.JobRun) -> None:
    made: CodeMade | None = None
    if row.asked_at is not None:
        made = port.find(_spec(row), since=row.asked_at)
    found = made is not None
    if made is None:
        if row.asked_at is None:
            row.asked_at = run.at
            LiveCode.objects.filter(pk=row.pk).update(asked_at=run.at)
        made = port.create(_spec(row))
    row.config_id, row.qr_code = made.config_id, made.qr_code
    LiveCode.objects.filter(pk=row.pk).update(config_id=made.config_id, qr_code=made.qr_code)
    if found:
        port.update(
            made.config_id, _spec(row)
        )  # it was made as was wanted then, perhaps not as is wanted now


def _delete(port: CodePort, row: LiveCode, run: foundation.JobRun) -> None:
    config_id = row.config_id
    if not config_id and row.asked_at is not None:
        found = port.find(_spec(row), since=row.asked_at)
        config_id = found.config_id if found else ""
    if config_id:
        port.delete(config_id, _spec(row))


def _settle(row: LiveCode, version: int, status: CodeStatus, error: SiyuError | None) -> bool:
    """Write the end of a step; False when somebody wants something newer meanwhile (its own job does that)."""
    mine = LiveCode.objects.filter(pk=row.pk, version=version)
    return bool(mine.update(status=status, error=str(error)[:500] if error else "", version_made=version))


def _overtaken(row: LiveCode, run: foundation.JobRun) -> None:
    """Do again what a newer job has done already: this older call may have reached the platform after its own."""
    for done, again in (
        (CodeStatus.ACTIVE, CodeStatus.CHANGING),
        (CodeStatus.DELETED, CodeStatus.DELETING),
    ):
        if LiveCode.objects.filter(pk=row.pk, status=done).update(status=again):
            foundation.enqueue(JOB, {"code_id": row.pk}, due_at=run.at, key=f"{row.pk}:again:{run.job_id}")
