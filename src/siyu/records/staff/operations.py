"""Service accounts and their quota counters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext_lazy as _

from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput
from siyu.records.staff.contracts import QuotaRequest
from siyu.records.staff.queries import employees_by_userid

_TAKE = """
WITH want AS (
    SELECT * FROM unnest(%(ids)s::bigint[], %(amounts)s::int[], %(limits)s::int[]) AS w(id, amount, ceiling)
), held AS MATERIALIZED (
    SELECT q.id, q.used, w.amount, w.ceiling FROM records_staff_quotacounter q JOIN want w ON w.id = q.id
    ORDER BY q.id FOR UPDATE OF q
)
UPDATE records_staff_quotacounter q
SET used = q.used + least(h.amount, h.ceiling - h.used)
FROM held h WHERE q.id = h.id AND h.used < h.ceiling
RETURNING q.id, least(h.amount, h.ceiling - h.used)
"""


def ensure_service_accounts(
    specs: Sequence[tuple[str, str]], *, connection: str, source: str, at: datetime
) -> list[int]:
    """Find or make the service account of each (employee userid, account userid); returns ids in order.

    Idempotent. Raises BadInput("employee.unknown") for an employee the directory does not know.
    """
    people = employees_by_userid([userid for userid, _account in specs], at=at, source=source)
    for userid, _account in specs:
        if userid not in people:
            raise BadInput(
                "employee.unknown",
                _("No employee has the userid %(userid)s. Sync the directory."),
                userid=userid,
            )
    foundation.execute(
        """INSERT INTO records_staff_serviceaccount (employee_id, connection, userid, active)
           SELECT employee_id, %s, userid, true FROM unnest(%s::bigint[], %s::text[]) AS s(employee_id, userid)
           ORDER BY userid ON CONFLICT (connection, userid) DO UPDATE SET employee_id = excluded.employee_id
           WHERE records_staff_serviceaccount.employee_id <> excluded.employee_id""",
        [
            connection,
            [people[userid].id for userid, _account in specs],
            [account for _userid, account in specs],
        ],
    )
    found = dict(
        foundation.fetch(
            "SELECT userid, id FROM records_staff_serviceaccount WHERE connection = %s AND userid = ANY(%s)",
            [connection, [account for _userid, account in specs]],
        )
    )
    return [found[account] for _userid, account in specs]


def take_quota(requests: Sequence[QuotaRequest], *, at: datetime) -> list[int]:
    """Take up to ``amount`` of each counter; returns what each request was granted (0 … amount).

    Never beyond the limit, however many take at once: one conditional statement over all counters,
    locked in id order. Requests for one counter within a batch are served in their order.
    """
    keys = [(request.account_id, request.kind, request.window) for request in requests]
    if not keys:
        return []
    wanted: dict[tuple[int, str, str], tuple[int, int]] = {}
    for key, request in zip(keys, requests, strict=True):
        if request.amount < 0 or request.limit < 0:
            raise BadInput("quota.negative", _("A quota cannot be negative."))
        amount, ceiling = wanted.get(key, (0, request.limit))
        wanted[key] = (amount + request.amount, min(ceiling, request.limit))
    ids = _counters(sorted(wanted))
    granted = dict(
        foundation.fetch(
            _TAKE,
            {
                "ids": [ids[key] for key in wanted],
                "amounts": [amount for amount, _ceiling in wanted.values()],
                "limits": [ceiling for _amount, ceiling in wanted.values()],
            },
        )
    )
    left = {key: granted.get(ids[key], 0) for key in wanted}
    result = []
    for key, request in zip(keys, requests, strict=True):
        share = min(left[key], request.amount)
        left[key] -= share
        result.append(share)
    return result


def _counters(keys: Sequence[tuple[int, str, str]]) -> dict[tuple[int, str, str], int]:
    """Ids of the counters, making those that do not exist yet."""
    arrays = [[key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]]
    foundation.execute(
        """INSERT INTO records_staff_quotacounter (account_id, kind, "window", used)
           SELECT k.*, 0 FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS k ORDER BY 1, 2, 3
           ON CONFLICT DO NOTHING""",
        arrays,
    )
    rows = foundation.fetch(
        """SELECT q.account_id, q.kind, q."window", q.id FROM records_staff_quotacounter q
           JOIN unnest(%s::bigint[], %s::text[], %s::text[]) AS k(account_id, kind, win)
             ON q.account_id = k.account_id AND q.kind = k.kind AND q."window" = k.win""",
        arrays,
    )
    return {(account, kind, window): number for account, kind, window, number in rows}
