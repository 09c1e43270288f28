"""Write and read the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from siyu.foundation.accounts.contracts import Principal
from siyu.foundation.audit.models import AuditRow
from siyu.foundation.logs import correlation_id
from siyu.kit.pagination import Page


@dataclass(frozen=True)
class AuditView:
    """One line of the audit trail."""

    id: int
    at: datetime
    actor_kind: str
    actor_name: str
    verb: str
    object_kind: str
    object_id: str
    detail: dict[str, Any]
    correlation_id: str


def audit(
    by: Principal,
    verb: str,
    object_kind: str,
    object_id: int | str,
    detail: dict[str, Any] | None = None,
    *,
    at: datetime,
) -> None:
    """Note that ``by`` did ``verb`` (past tense, e.g. "customer.merged") to one object, in this transaction."""
    kind = "account" if by.user_id is not None else "key" if by.key_id is not None else "system"
    AuditRow.objects.create(
        at=at,
        actor_kind=kind,
        actor_id=by.user_id if by.user_id is not None else by.key_id,
        actor_name=by.display_name[:100],
        verb=verb,
        object_kind=object_kind,
        object_id=str(object_id),
        detail=detail or {},
        correlation_id=correlation_id(),
    )


def list_audit(
    *, object_kind: str | None = None, object_id: int | str | None = None, number: int = 1, size: int = 50
) -> Page[AuditView]:
    """The trail, newest first, of everything or of one object."""
    rows = AuditRow.objects.order_by("-at", "-id")
    if object_kind:
        rows = rows.filter(object_kind=object_kind)
    if object_id is not None:
        rows = rows.filter(object_id=str(object_id))
    total = rows.count()
    chosen = rows[(number - 1) * size : number * size]
    views = [
        AuditView(
            id=row.pk,
            at=row.at,
            actor_kind=row.actor_kind,
            actor_name=row.actor_name,
            verb=row.verb,
            object_kind=row.object_kind,
            object_id=row.object_id,
            detail=row.detail,
            correlation_id=row.correlation_id,
        )
        for row in chosen
    ]
    return Page(views, total, number, size)
