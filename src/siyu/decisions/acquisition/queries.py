"""Read live codes and their figures."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from siyu.decisions.acquisition.contracts import CodeStats, CodeStatus, LiveCodeView
from siyu.decisions.acquisition.models import LiveCode
from siyu.foundation import api as foundation
from siyu.kit.errors import NotFound
from siyu.records.staff import api as staff


def view_of(row: LiveCode) -> LiveCodeView:
    """A code as screens show it."""
    return LiveCodeView(
        id=row.pk,
        name=row.name,
        employee_ids=tuple(row.employee_ids),
        unit_id=row.unit_id,
        tags=tuple(row.tags),
        status=CodeStatus(row.status),
        qr_code=row.qr_code,
        error=row.error,
        created_at=row.created_at,
        skip_verify=row.skip_verify,
        state=row.state,
    )


def _visible(row: LiveCode, scope: staff.Scope) -> bool:
    return (
        scope.all or bool(scope.employee_ids.intersection(row.employee_ids)) or row.unit_id in scope.unit_ids
    )


def codes(scope: staff.Scope, *, deleted: bool = False) -> list[LiveCodeView]:
    """Codes within scope, newest first; deleted ones only on request."""
    rows = LiveCode.objects.order_by("-id")
    if not deleted:
        rows = rows.filter(~Q(status=CodeStatus.DELETED))
    return [view_of(row) for row in rows if _visible(row, scope)]


def get_code(code_id: int, *, scope: staff.Scope) -> LiveCodeView:
    """One code; NotFound when there is none or it is out of scope."""
    row = LiveCode.objects.filter(pk=code_id).first()
    if row is None or not _visible(row, scope):
        raise NotFound("acquisition.not_found")
    return view_of(row)


FIGURES = """
WITH counted AS (
  SELECT a.code_id, a.state <> '' AS stated,
    NOT EXISTS (
      SELECT 1 FROM decisions_acquisition_arrival e
      WHERE e.subject_id = a.subject_id AND (e.at, e.id) < (a.at, a.id)) AS newcomer,
    EXISTS (
      SELECT 1 FROM decisions_acquisition_loss l
      WHERE l.subject_id = a.subject_id AND l.employee_id IS NOT DISTINCT FROM a.employee_id
        AND l.at >= a.at) AS lost
  FROM decisions_acquisition_arrival a
  WHERE (%(all)s OR a.employee_id = ANY(%(employees)s))
    AND (%(since)s::timestamptz IS NULL OR a.at >= %(since)s)
    AND (%(until)s::timestamptz IS NULL OR a.at < %(until)s))
SELECT code_id, stated, count(*), count(*) FILTER (WHERE newcomer), count(*) FILTER (WHERE lost)
FROM counted GROUP BY code_id, stated ORDER BY code_id NULLS LAST, stated
"""


def code_stats(
    scope: staff.Scope,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    code_ids: Iterable[int] | None = None,
) -> list[CodeStats]:
    """Figures of friendships that began in [since, until), by code, within scope.

    Two more rows have no code: 未知来源 (a state token that no code of ours has) and 其他方式
    (no token at all: search, card, group …). A code without arrivals has a row of zeros.
    """
    rows = foundation.fetch(
        FIGURES,
        {"all": scope.all, "employees": sorted(scope.employee_ids), "since": since, "until": until},
    )
    names = {row.pk: row for row in LiveCode.objects.all() if _visible(row, scope)}
    wanted = set(code_ids) if code_ids is not None else None
    found: dict[int | None, CodeStats] = {}
    others: list[CodeStats] = []
    for code_id, stated, added, newcomers, lost in rows:
        if code_id is None:
            label = _("Unknown source") if stated else _("Other ways")
            others.append(CodeStats(None, label, added, newcomers, added - lost, lost))
        elif code_id in names:
            found[code_id] = CodeStats(code_id, names[code_id].name, added, newcomers, added - lost, lost)
    for code_id, row in names.items():
        if row.status != CodeStatus.DELETED:
            found.setdefault(code_id, CodeStats(code_id, row.name, 0, 0, 0, 0))
    by_code = [found[number] for number in sorted(found, key=lambda item: item or 0)]
    if wanted is not None:
        return [item for item in by_code if item.code_id in wanted]
    return by_code + others
