"""The import job, resumable at every chunk, and the clearing away of what has expired."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import OperationalError
from django.db.models import Q

from siyu.connectors.commerce.contracts import ImportState
from siyu.connectors.commerce.models import Import
from siyu.connectors.commerce.operations import JOB
from siyu.connectors.commerce.queries import status_of
from siyu.connectors.commerce.running import fail_import, run_import
from siyu.connectors.commerce.settings import KEEP_DAYS
from siyu.foundation import api as foundation
from siyu.kit.errors import Conflict, RetryLater

log = logging.getLogger("siyu.imports")
ATTEMPTS = 5
PAUSE = 20  # seconds
UNEXPECTED = Q(state=ImportState.FAILED, error_code="import.unexpected")


def _import(payload: dict[str, Any], run: foundation.JobRun) -> None:
    def told(row: Import) -> None:
        status = status_of(row)
        run.progress(int(status.share * 100), 100, row.file_name)

    import_id = int(payload["import_id"])
    try:
        run_import(import_id, at=run.at, told=told, should_stop=run.should_stop)
    except Conflict:
        raise  # the lease went to another worker: this one lets go
    except OperationalError as error:
        # The database is in trouble, not the file: a long import may meet that any number of times.
        raise RetryLater("import.database", str(error), after_seconds=PAUSE) from error
    except Exception:
        log.exception("import failed", extra={"import_id": import_id, "attempt": run.attempt})
        if run.attempt >= ATTEMPTS:
            fail_import(import_id, "import.unexpected", {}, at=run.at)
            return
        raise


def _purge(_payload: dict[str, Any], run: foundation.JobRun) -> None:
    """Drop refused and staged rows of imports that ended long ago; one that was stopped cannot go on without them."""
    before = run.at - timedelta(days=foundation.get_setting(KEEP_DAYS, at=run.at))
    Import.objects.filter(Q(state=ImportState.STOPPED) | UNEXPECTED, finished_at__lt=before).update(
        state=ImportState.FAILED, error_code="file.gone", error_params={}
    )
    for table in ("quarantinedrow", "stagedrow"):
        foundation.execute(
            f"DELETE FROM connectors_commerce_{table} WHERE run_id IN "
            "(SELECT id FROM connectors_commerce_import WHERE finished_at < %s)",
            [before],
        )


JOBS = (
    foundation.JobType(JOB, _import, max_attempts=ATTEMPTS, transactional=False),
    foundation.JobType("connectors_commerce.purge", _purge, every=timedelta(days=1)),
)
