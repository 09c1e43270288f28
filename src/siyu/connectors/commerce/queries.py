"""Previews, progress, quarantine."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice

from django.utils import translation
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from siyu.connectors.commerce.contracts import (
    FieldInfo,
    ImportState,
    ImportStatus,
    PresetInfo,
    Preview,
    PreviewRow,
)
from siyu.connectors.commerce.mapping import FIELDS, PRESETS, field_labels, map_columns, preset_named
from siyu.connectors.commerce.models import DataSet, Import, QuarantinedRow
from siyu.connectors.commerce.parsing import Reader, shown
from siyu.connectors.commerce.problems import RowProblem, bad_file, describe_file, describe_row
from siyu.connectors.commerce.reading import RawRow, encoding_of, kind_of, read_rows
from siyu.connectors.commerce.rules import shift_for
from siyu.connectors.commerce.staging import SEAL, split_header
from siyu.foundation import api as foundation
from siyu.kit.errors import NotFound
from siyu.kit.pagination import Page
from siyu.kit.spreadsheets import escape_formula


def presets() -> Sequence[PresetInfo]:
    """The ready mappings, to choose from, in the reader's language."""
    return tuple(PresetInfo(preset.name, str(preset.label), str(preset.help)) for preset in PRESETS.values())


def fields() -> Sequence[FieldInfo]:
    """The fields that columns can be mapped to, in the reader's language."""
    required = PRESETS["generic"].required
    return tuple(FieldInfo(name, str(label), name in required) for name, (label, _aliases) in FIELDS.items())


def preview(
    file_id: int,
    *,
    preset: str,
    at: datetime,
    mapping: Mapping[str, str] | None = None,
    data_set: str | None = None,
    shift_days: int | None = None,
    rows: int = 200,
) -> Preview:
    """What an import would do with the first rows of a file; nothing is written.

    Raises BadInput for a file that cannot be read at all.
    """
    chosen = preset_named(preset)
    zone, currency = foundation.brand_zone(), foundation.brand_currency()
    if chosen.currency and chosen.currency != currency:
        raise bad_file("file.other_currency", currency=chosen.currency, brand=currency)
    head = next(foundation.read_file(file_id), b"")
    kind = kind_of(head)
    encoding = encoding_of([head]) if kind == "csv" else ""
    spaced = chosen.spaced and kind == "csv"
    raw = read_rows(foundation.read_file(file_id), kind=kind, encoding=encoding, spaced=spaced)
    header, raw = split_header(raw, chosen.columns)
    columns, missing = map_columns(chosen, header, mapping)
    name = data_set or chosen.name
    shift = _shift(name, shift_days if shift_days is not None else shift_for(chosen.last_date, at, zone))
    reader = Reader(chosen, name, columns, len(header), shift, at, zone, currency)
    seen = [] if missing else [_preview_row(reader, row) for row in islice(raw, rows)]
    if not missing and not seen:
        raise bad_file("file.no_rows")
    bad = sum(1 for row in seen if row.problem)
    return Preview(
        format="text" if spaced else kind,
        encoding={"utf-8-sig": "UTF-8", "gb18030": "GB18030"}.get(encoding, ""),
        columns=tuple(column.strip("\ufeff ") for column in header),
        mapping={field: header[place].strip("\ufeff ") for field, place in columns.items()},
        missing=missing,
        rows=tuple(seen),
        rows_read=len(seen),
        rows_good=len(seen) - bad,
        rows_bad=bad,
        shift_days=shift,
        problems=(describe_file("file.columns", {"missing": field_labels(missing)}),) if missing else (),
    )


def _shift(data_set: str, otherwise: int) -> int:
    fixed = DataSet.objects.filter(name=data_set).first()
    return fixed.shift_days if fixed else otherwise


def _preview_row(reader: Reader, raw: RawRow) -> PreviewRow:
    try:
        if raw.problem is not None:
            raise raw.problem
        return PreviewRow(raw.number, raw.cells, shown(reader.parse(raw.cells), reader.zone), "")
    except RowProblem as problem:
        return PreviewRow(raw.number, raw.cells, {}, describe_row(problem.code, problem.params))


def imports(*, page: int = 1, size: int = 20) -> Page[ImportStatus]:
    """All imports, newest first."""
    page = max(1, page)
    rows = Import.objects.order_by("-id")
    items = tuple(status_of(row) for row in rows[(page - 1) * size : page * size])
    return Page(items, rows.count(), page, size)


def import_status(import_id: int) -> ImportStatus:
    """Where one import stands. Raises NotFound."""
    run = Import.objects.filter(pk=import_id).first()
    if run is None:
        raise NotFound("import.unknown", _("There is no such import."))
    return status_of(run)


def status_of(run: Import) -> ImportStatus:
    """A run as others may see it."""
    state = ImportState(run.state)
    good = max(run.rows_read - run.rows_bad, 1)
    # Reading takes about three tenths of the time.
    share = 1.0 if state is ImportState.DONE else 0.3 * run.read_share + 0.7 * min(run.rows_written / good, 1)
    return ImportStatus(
        id=run.pk, file_name=run.file_name, preset=run.preset, data_set=run.data_set, state=state,
        rows_read=run.rows_read, rows_bad=run.rows_bad, rows_written=run.rows_written, orders_new=run.orders_new,
        orders_same=run.orders_same, orders_changed=run.orders_changed, orders_rejected=run.orders_rejected,
        amount_new=run.amount_new, share=share, shift_days=run.shift_days,
        error=describe_file(run.error_code, run.error_params), started_by=run.started_by,
        started_at=run.started_at, finished_at=run.finished_at,
        stopping=run.stop_requested and state in (ImportState.READING, ImportState.WRITING),
        resumable=state is ImportState.STOPPED
        or (state is ImportState.FAILED and run.error_code == "import.unexpected"),
    )  # fmt: skip


def quarantine_csv(import_id: int) -> Iterator[str]:
    """The refused rows as CSV text: row number, reason in the reader's language, the cells as they were.

    Cells a spreadsheet would run as a formula are escaped as text. Starts with a BOM for Excel.
    Raises NotFound for an unknown import.
    """
    import_status(import_id)
    return _quarantine_lines(import_id, translation.get_language() or "zh-hans")


def _quarantine_lines(import_id: int, language: str) -> Iterator[str]:
    """Streamed after the request's own language is gone, hence ``language``."""
    with translation.override(language):
        yield "\ufeff" + _line([gettext("Row number"), gettext("Reason"), gettext("Row content")])
    rows = QuarantinedRow.objects.filter(run_id=import_id).order_by("row_no")
    for row in rows.iterator(chunk_size=500):
        cells: list[str] = json.loads(foundation.unseal(row.sealed, SEAL))
        with translation.override(language):
            reason = describe_row(row.reason, row.params)
        yield _line([str(row.row_no), reason, *cells])


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow([escape_formula(cell) for cell in cells])
    return out.getvalue()
