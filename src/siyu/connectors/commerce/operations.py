"""Start, stop and resume imports."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.utils.translation import gettext_lazy as _

from siyu.connectors.commerce.contracts import ImportState, ImportStatus
from siyu.connectors.commerce.mapping import Preset, field_labels, preset_named
from siyu.connectors.commerce.models import DataSet, Import
from siyu.connectors.commerce.problems import bad_file
from siyu.connectors.commerce.queries import import_status, preview, status_of
from siyu.connectors.commerce.rules import shift_for
from siyu.connectors.commerce.running import run_import
from siyu.connectors.commerce.settings import KEEP_DAYS, MAX_MB
from siyu.foundation import api as foundation
from siyu.kit.clock import wall_now
from siyu.kit.errors import Conflict, NotFound

JOB = "connectors_commerce.import"
NAME = re.compile(r"[\w-]{1,40}")


def upload(chunks: Iterable[bytes], name: str, *, at: datetime) -> int:
    """Store an order file, encrypted and expiring; returns its file id.

    Raises BadInput("file.empty" | "file.too_large") with the limit in MB; nothing is kept then.
    """
    return foundation.store_file(
        chunks,
        name=name,
        purpose="orders",
        at=at,
        # Files expire by wall time: they lie on a real disk, whatever a demo's clock says.
        expires_at=wall_now() + timedelta(days=foundation.get_setting(KEEP_DAYS, at=at)),
        max_bytes=foundation.get_setting(MAX_MB, at=at) * 1024 * 1024,
    ).id


def start_import(
    file_id: int,
    *,
    preset: str,
    by: foundation.Principal,
    at: datetime,
    mapping: Mapping[str, str] | None = None,
    data_set: str | None = None,
    shift_days: int | None = None,
) -> int:
    """Check the head of the file and enqueue the import; returns its id.

    ``mapping`` (field → column) overrides the preset's; ``data_set`` names where the rows come from
    (default: the preset) and is part of every row's key; ``shift_days`` moves all dates (None: as the
    preset says; fixed for a data set by its first import). Raises BadInput for a file that cannot be
    read or lacks columns.
    """
    import_id = _create(file_id, preset, mapping, data_set, shift_days, by=by, at=at)
    foundation.enqueue(JOB, {"import_id": import_id}, due_at=at, key=str(import_id))
    return import_id


def _create(
    file_id: int,
    preset_name: str,
    mapping: Mapping[str, str] | None,
    data_set: str | None,
    shift_days: int | None,
    *,
    by: foundation.Principal,
    at: datetime,
) -> int:
    preset = preset_named(preset_name)
    name = data_set or preset.name
    seen = preview(
        file_id, preset=preset_name, at=at, mapping=mapping, data_set=name, shift_days=shift_days, rows=20
    )
    if seen.missing:
        raise bad_file("file.columns", missing=field_labels(seen.missing))
    info = foundation.file_info(file_id)
    earlier = Import.objects.filter(sha256=info.sha256, data_set=name).order_by("id").first()
    run = Import.objects.create(
        file_id=file_id,
        file_name=info.name,
        file_size=info.size,
        sha256=info.sha256,
        preset=preset.name,
        mapping=dict(mapping or {}),
        data_set=name,
        shift_days=_fix_shift(name, preset, shift_days, at=at),
        state=ImportState.WAITING,
        started_by=by.display_name[:100],
        started_at=at,
        # The same file again reports the same moment, so that it is not taken for newer news.
        reported_at=earlier.reported_at if earlier else at,
    )
    foundation.audit(
        by, "orders.import_started", "import", run.pk, {"file": info.name, "preset": preset.name}, at=at
    )
    return int(run.pk)


def _fix_shift(name: str, preset: Preset, wanted: int | None, *, at: datetime) -> int:
    if not NAME.fullmatch(name):
        raise bad_file("import.data_set")
    usual = shift_for(preset.last_date, at, foundation.brand_zone())
    found, _made = DataSet.objects.get_or_create(
        name=name, defaults={"shift_days": usual if wanted is None else wanted}
    )
    if wanted is not None and wanted != found.shift_days:
        raise bad_file("import.shift_fixed", days=found.shift_days)
    return found.shift_days


def stop_import(import_id: int, *, by: foundation.Principal, at: datetime) -> None:
    """Stop after the running chunk; what was written stays and is not repeated by a resume.

    Raises NotFound, or Conflict("import.not_running").
    """
    run = _locked(import_id)
    if not status_of(run).running:
        raise Conflict("import.not_running", _("This import is not running."))
    if run.state == ImportState.WAITING:
        run.state = ImportState.STOPPED
    else:
        run.stop_requested = True
    run.save(update_fields=["state", "stop_requested"])
    foundation.audit(by, "orders.import_stopped", "import", import_id, at=at)


def resume_import(import_id: int, *, by: foundation.Principal, at: datetime) -> None:
    """Go on where a stopped or failed import ended. Raises NotFound, or Conflict("import.not_stopped")."""
    run = _locked(import_id)
    if not status_of(run).resumable:
        raise Conflict("import.not_stopped", _("Only a stopped import can go on. Upload the file again."))
    # ``last_group`` is set by the first chunk written; before that, reading may not be complete.
    reading = run.last_group is None
    run.state = ImportState.READING if reading else ImportState.WRITING
    run.stop_requested, run.finished_at, run.error_code, run.error_params = False, None, "", {}
    run.save()
    _enqueue_again(import_id, at)
    foundation.audit(by, "orders.import_resumed", "import", import_id, at=at)


def _enqueue_again(import_id: int, at: datetime) -> None:
    """A job that has not begun will do; one that stopped and is not put away yet will not."""
    payload = {"import_id": import_id}
    if foundation.enqueue(JOB, payload, due_at=at, key=str(import_id)) is None:
        waiting = foundation.list_jobs(states=("waiting",), name=JOB)
        if all(job.payload != payload for job in waiting):
            foundation.enqueue(JOB, payload, due_at=at)


def _locked(import_id: int) -> Import:
    foundation.lock_rows(Import, [import_id])
    run = Import.objects.filter(pk=import_id).first()
    if run is None:
        raise NotFound("import.unknown", _("There is no such import."))
    return run


def import_file_cli(
    path: Path,
    preset: str,
    *,
    at: datetime,
    mapping: Mapping[str, str] | None = None,
    data_set: str | None = None,
    shift_days: int | None = None,
    progress: Callable[[ImportStatus], None] | None = None,
) -> ImportStatus:
    """Import a file from disk in this process, chunk by chunk; ``progress`` hears after each chunk.

    Outside of any transaction: each chunk commits. Raises BadInput as ``start_import`` does; a run
    that fails later answers with state failed and its reason.
    """
    by = foundation.SYSTEM
    with foundation.transaction():
        file_id = upload(_file_chunks(path), path.name, at=at)
        import_id = _create(file_id, preset, mapping, data_set, shift_days, by=by, at=at)
    run_import(import_id, at=at, told=lambda run: progress(status_of(run)) if progress else None)
    return import_status(import_id)


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            yield chunk


def cdnow_path() -> Path:
    """Where the CDNOW history lies: in the installed ``lifetimes`` package, found without importing it.

    Raises NotFound with what to install when it is missing.
    """
    spec = importlib.util.find_spec("lifetimes")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "datasets" / "CDNOW_master.txt"
        if path.is_file():
            return path
    raise NotFound(
        "cdnow.missing", _("The CDNOW file is not installed. Run: pip install --no-deps lifetimes==0.11.3")
    )
