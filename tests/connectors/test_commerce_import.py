"""Order files: exact to the row and the cent, resumable, quarantined, harmless."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from siyu.connectors.commerce import api as imports

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_all_of_cdnow_to_the_row_and_the_cent() -> None:
    began = time.monotonic()
    seen: list[int] = []
    done = imports.import_file_cli(
        imports.cdnow_path(), "cdnow", at=AT, progress=lambda s: seen.append(s.rows_written)
    )
    print("import", time.monotonic() - began)
    assert (done.state, done.rows_read, done.rows_bad) == (imports.ImportState.DONE, 69_659, 0)
    assert (done.orders_new, done.amount_new) == (69_659, 250_031_563)
