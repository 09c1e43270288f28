"""Drives one import, chunk by chunk, each chunk one transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from siyu.connectors.commerce.contracts import ImportState
from siyu.connectors.commerce.models import Import
from siyu.connectors.commerce.problems import FILES, bad_file
from siyu.connectors.commerce.staging import open_rows, skip, stage_chunk
from siyu.connectors.commerce.writing import write_chunk
from siyu.foundation import api as foundation
from siyu.kit.errors import BadInput

Told = Callable[[Import], None]


def run_import(
    import_id: int,
    *,
    at: datetime,
    told: Told = lambda _run: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Bring an import to its end, or to the next chunk after ``should_stop`` or a person's stop.

    A file that cannot be used ends in state failed with its reason; anything else is raised after
    the chunk was rolled back, and the next run goes on from there.
    """
    try:
        if _enter(import_id, (ImportState.WAITING, ImportState.READING), ImportState.READING):
            _read(import_id, at, told, should_stop)
        if _enter(import_id, (ImportState.WRITING,), ImportState.WRITING):
            _write(import_id, at, told, should_stop)
    except BadInput as error:
        if error.code not in FILES:
            raise
        fail_import(import_id, error.code, error.params, at=at)
    told(Import.objects.get(pk=import_id))


def fail_import(import_id: int, code: str, params: dict[str, Any], *, at: datetime) -> None:
    """Note why an import cannot go on. What was staged is dropped; what was written stays."""
    with foundation.transaction():
        run = _lock(import_id)
        run.state, run.error_code, run.error_params, run.finished_at = ImportState.FAILED, code, params, at
        run.save()
        if code != "import.unexpected":  # that one can be resumed
            foundation.execute("DELETE FROM connectors_commerce_stagedrow WHERE run_id = %s", [run.pk])


def _lock(import_id: int) -> Import:
    foundation.lock_rows(Import, [import_id])
    return Import.objects.get(pk=import_id)


def _enter(import_id: int, wanted: tuple[ImportState, ...], state: ImportState) -> bool:
    with foundation.transaction():
        run = _lock(import_id)
        if run.state not in wanted:
            return False
        if run.state != state:
            run.state = state
            run.save(update_fields=["state"])
    return True


def _stopped(run: Import, at: datetime) -> bool:
    """A person asked to stop: note it in the chunk's own transaction."""
    if run.stop_requested:
        run.state, run.stop_requested, run.finished_at = ImportState.STOPPED, False, at
        run.save(update_fields=["state", "stop_requested", "finished_at"])
    return run.state != ImportState.READING and run.state != ImportState.WRITING


def _read(import_id: int, at: datetime, told: Told, should_stop: Callable[[], bool]) -> None:
    while not _read_on(import_id, at, told, should_stop):
        pass  # somebody else read on while we looked for the place: from there


def _read_on(import_id: int, at: datetime, told: Told, should_stop: Callable[[], bool]) -> bool:
    """Read chunk by chunk from where the import stands; False when it stands elsewhere by then.

    Whoever was thought dead may still commit a chunk; it then learns that its lease is lost, and ends.
    """
    run = Import.objects.get(pk=import_id)
    reader, rows, meter = open_rows(run)
    skip(rows, run.rows_read)
    place, more = run.rows_read, True
    while more:
        with foundation.transaction():
            run = _lock(import_id)
            if _stopped(run, at) or run.state != ImportState.READING:
                return True
            if run.rows_read != place:
                return False
            more = stage_chunk(run, reader, rows, meter)
            place = run.rows_read
            if not more:
                if not run.rows_read:
                    raise bad_file("file.no_rows")
                run.state = ImportState.WRITING
                run.save(update_fields=["state"])
        told(run)
        if more and should_stop():
            return True
    return True


def _write(import_id: int, at: datetime, told: Told, should_stop: Callable[[], bool]) -> None:
    more = True
    while more:
        with foundation.transaction():
            run = _lock(import_id)
            if _stopped(run, at):
                return
            more = write_chunk(run, at=at)
            if not more:
                run.state, run.finished_at = ImportState.DONE, at
                run.save(update_fields=["state", "finished_at"])
        told(run)
        if more and should_stop():
            return
