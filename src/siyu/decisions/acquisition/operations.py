"""Make, change and delete live codes. The platform hears of it from a job, never from a request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.decisions.acquisition.contracts import MAX_STAFF, STATE_LENGTH, CodeStatus, LiveCodeView
from siyu.decisions.acquisition.models import LiveCode
from siyu.decisions.acquisition.queries import view_of
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput, Conflict, NotFound
from siyu.kit.ids import new_token
from siyu.records.staff import api as staff

NAME_LENGTH = 60
TAG_LENGTH = 30
JOB = "acquisition.sync_code"


def create_code(
    name: str,
    employee_ids: Sequence[int],
    *,
    at: datetime,
    by: foundation.Principal,
    tags: Iterable[str] = (),
    unit_id: int | None = None,
    skip_verify: bool = True,
    connection: str = "",
) -> LiveCodeView:
    """Make a live code of one or several clerks; its picture comes from a job within seconds.

    BadInput names the fields that are wrong; then nothing was made.
    """
    fields, kept = _checked(name, employee_ids, tags, at)
    if fields:
        raise BadInput("acquisition.code", fields=fields)
    row = LiveCode.objects.create(
        name=name.strip(), employee_ids=list(dict.fromkeys(employee_ids)), unit_id=unit_id,
        connection=connection, state=new_token(STATE_LENGTH), tags=kept, skip_verify=skip_verify,
        created_at=at, created_by_id=by.user_id,
    )  # fmt: skip
    foundation.audit(by, "live_code.created", "live_code", row.pk, {"name": row.name}, at=at)
    _ask(row, at)
    return view_of(row)


def update_code(
    code_id: int,
    *,
    name: str,
    employee_ids: Sequence[int],
    tags: Iterable[str],
    at: datetime,
    by: foundation.Principal,
    skip_verify: bool = True,
) -> LiveCodeView:
    """Change a code; printed pictures stay valid. BadInput as for create; Conflict once it is deleted."""
    row = _locked(code_id)
    if row.status in {CodeStatus.DELETING, CodeStatus.DELETED}:
        raise Conflict("acquisition.deleted", _("This code has been deleted."))
    fields, kept = _checked(name, employee_ids, tags, at)
    if fields:
        raise BadInput("acquisition.code", fields=fields)
    row.name, row.tags = name.strip(), kept
    wanted = list(dict.fromkeys(employee_ids))
    if (row.employee_ids, row.skip_verify) != (wanted, skip_verify) or row.status == CodeStatus.FAILED:
        row.employee_ids, row.skip_verify = wanted, skip_verify
        row.version += 1
        row.status = CodeStatus.CHANGING if row.config_id else CodeStatus.MAKING
        row.error = ""
        _ask(row, at)
    row.save()
    foundation.audit(by, "live_code.changed", "live_code", row.pk, {"name": row.name}, at=at)
    return view_of(row)


def delete_code(code_id: int, *, at: datetime, by: foundation.Principal) -> None:
    """Delete a code at the platform, where its place is free again; figures stay."""
    row = _locked(code_id)
    if row.status in {CodeStatus.DELETING, CodeStatus.DELETED}:
        return
    row.version += 1
    row.status, row.error = CodeStatus.DELETING, ""
    row.save()
    foundation.audit(by, "live_code.deleted", "live_code", row.pk, {"name": row.name}, at=at)
    _ask(row, at)


def retry_code(code_id: int, *, at: datetime, by: foundation.Principal) -> None:
    """Try a failed code once more; Conflict when it has not failed."""
    row = _locked(code_id)
    if row.status != CodeStatus.FAILED:
        raise Conflict("acquisition.not_failed", _("Only a failed code can be tried again."))
    row.version += 1
    row.status = CodeStatus.CHANGING if row.config_id else CodeStatus.MAKING
    row.error = ""
    row.save()
    foundation.audit(by, "live_code.retried", "live_code", row.pk, {"name": row.name}, at=at)
    _ask(row, at)


def _locked(code_id: int) -> LiveCode:
    foundation.lock_rows(LiveCode, [code_id])
    row = LiveCode.objects.filter(pk=code_id).first()
    if row is None:
        raise NotFound("acquisition.not_found", _("There is no such code."))
    return row


def _ask(row: LiveCode, at: datetime) -> None:
    """One job per wanted version: a job that runs already works for the version before."""
    foundation.enqueue(JOB, {"code_id": row.pk}, due_at=at, key=f"{row.pk}:{row.version}")


def _checked(
    name: str, employee_ids: Sequence[int], tags: Iterable[str], at: datetime
) -> tuple[dict[str, object], list[str]]:
    fields: dict[str, object] = {}
    if not name.strip() or len(name.strip()) > NAME_LENGTH:
        fields["name"] = _("Enter a name of at most 60 characters.")
    wanted = list(dict.fromkeys(employee_ids))
    known = staff.employees_by_id(wanted, at=at)
    if not wanted or any(number not in known or not known[number].active for number in wanted):
        fields["employee_ids"] = _("Choose at least one active employee.")
    elif len(wanted) > MAX_STAFF:
        fields["employee_ids"] = _("WeCom allows at most 100 employees behind one code.")
    kept = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    if any(len(tag) > TAG_LENGTH for tag in kept):
        fields["tags"] = _("A tag has at most 30 characters.")
    return fields, kept
