"""The daily audit of the books."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from siyu.foundation import api as foundation
from siyu.kit.errors import Permanent
from siyu.records.ledger.queries import check_balances

log = logging.getLogger("siyu.ledger")


def _check(_payload: dict[str, Any], _run: foundation.JobRun) -> None:
    """Fails, and so shows among the failed jobs, when a balance is not what its entries say."""
    found = check_balances()
    if found:
        log.error("ledger does not balance", extra={"mismatches": [repr(item) for item in found[:20]]})
        raise Permanent("ledger.mismatch", f"{len(found)} × {found[0]!r}")


# Without a transaction of its own: it only reads, and may read for long.
JOBS = (
    foundation.JobType(
        "records_ledger.check", _check, max_attempts=1, every=timedelta(days=1), transactional=False
    ),
)
