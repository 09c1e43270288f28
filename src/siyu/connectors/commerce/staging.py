"""First half of an import: read the file in chunks into sealed staged rows and quarantined rows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice

from siyu.connectors.commerce.mapping import field_labels, map_columns, preset_named
from siyu.connectors.commerce.models import Import
from siyu.connectors.commerce.parsing import ParsedRow, Reader, group_key
from siyu.connectors.commerce.problems import RowProblem, bad_file
from siyu.connectors.commerce.reading import Meter, RawRow, encoding_of, kind_of, read_rows
from siyu.foundation import api as foundation
from siyu.kit.errors import NotFound

CHUNK = 5_000
SEAL = "import"
HOPELESS = 2_000
"""When so many rows were read and nine in ten are unusable, preset or columns are wrong."""


def open_rows(run: Import) -> tuple[Reader, Iterator[RawRow], Meter]:
    """The parser for the columns of this file, its data rows, and how far they are. Raises BadInput for a bad file."""
    preset = preset_named(run.preset)
    kind = kind_of(next(_frames(run), b""))
    if kind == "csv" and not run.encoding:
        run.encoding = encoding_of(_frames(run))
        run.save(update_fields=["encoding"])
    meter = Meter(run.file_size)
    spaced = preset.spaced and kind == "csv"
    rows = read_rows(_frames(run), kind=kind, encoding=run.encoding, spaced=spaced, meter=meter)
    header, rows = split_header(rows, preset.columns)
    columns, missing = map_columns(preset, header, run.mapping or None)
    if missing:
        raise bad_file("file.columns", missing=field_labels(missing))
    zone, currency = foundation.brand_zone(), foundation.brand_currency()
    reader = Reader(
        preset, run.data_set, columns, len(header), run.shift_days, run.started_at, zone, currency
    )
    return reader, rows, meter


def split_header(rows: Iterator[RawRow], columns: object) -> tuple[tuple[str, ...], Iterator[RawRow]]:
    """The header and the rows below it. A file without one, of a preset that knows its columns, gets it."""
    first = next(rows, None)
    if first is None:
        raise bad_file("file.empty")
    if isinstance(columns, dict) and first.cells and first.cells[0].isdigit():
        header: tuple[str, ...] = tuple(
            columns[field] for field in ("member_no", "paid_at", "quantity", "amount")
        )
        return header, _first_again(first, rows)
    return first.cells, rows


def _first_again(first: RawRow, rest: Iterator[RawRow]) -> Iterator[RawRow]:
    yield first
    yield from rest


def _frames(run: Import) -> Iterator[bytes]:
    try:
        yield from foundation.read_file(run.file_id)
    except NotFound:
        raise bad_file("file.gone") from None


def stage_chunk(run: Import, reader: Reader, rows: Iterator[RawRow], meter: Meter) -> bool:
    """Stage the next chunk in the caller's transaction; False when the file is at its end.

    ``run`` is locked by the caller; ``rows`` stands behind ``run.rows_read``.
    """
    good: list[tuple[bytes, int, bytes]] = []
    bad: list[tuple[RawRow, RowProblem]] = []
    chunk = list(islice(rows, CHUNK))
    for raw in chunk:
        try:
            if raw.problem is not None:
                raise raw.problem
            row = reader.parse(raw.cells)
        except RowProblem as problem:
            bad.append((raw, problem))
        else:
            good.append((group_key(row), raw.number, row.pack()))
    _write_staged(run.pk, good)
    quarantine(run.pk, bad)
    run.rows_read += len(chunk)
    run.rows_bad += len(bad)
    if run.rows_read >= HOPELESS and run.rows_bad * 10 > run.rows_read * 9:
        raise bad_file("file.too_bad", bad=run.rows_bad, read=run.rows_read)
    more = len(chunk) == CHUNK
    run.read_share = meter.share if more else 1.0
    run.save(update_fields=["rows_read", "rows_bad", "read_share"])
    return more


def skip(rows: Iterator[RawRow], count: int) -> None:
    """Move behind the rows that are staged already."""
    next(islice(rows, count, count), None)


def _write_staged(run_id: int, rows: Sequence[tuple[bytes, int, bytes]]) -> None:
    foundation.execute(
        "INSERT INTO connectors_commerce_stagedrow (run_id, group_key, row_no, sealed) "
        "SELECT %s, * FROM unnest(%s::bytea[], %s::bigint[], %s::bytea[])",
        [
            run_id,
            foundation.array(key for key, _number, _packed in rows),
            foundation.array(number for _key, number, _packed in rows),
            foundation.array(foundation.seal(packed, SEAL) for _key, _number, packed in rows),
        ],
    )


def quarantine(run_id: int, rows: Sequence[tuple[RawRow, RowProblem]]) -> None:
    """Keep refused rows with their reasons; their cells sealed."""
    foundation.execute(
        "INSERT INTO connectors_commerce_quarantinedrow (run_id, row_no, reason, params, sealed) "
        "SELECT %s, * FROM unnest(%s::bigint[], %s::text[], %s::jsonb[], %s::bytea[]) "
        "ON CONFLICT (run_id, row_no) DO NOTHING",
        [
            run_id,
            foundation.array(raw.number for raw, _problem in rows),
            foundation.array(problem.code for _raw, problem in rows),
            foundation.array(json.dumps(problem.params) for _raw, problem in rows),
            foundation.array(
                foundation.seal(json.dumps(raw.cells, ensure_ascii=False), SEAL) for raw, _problem in rows
            ),
        ],
    )


def staged_groups(run: Import, limit: int) -> list[tuple[bytes, list[tuple[int, ParsedRow]]]]:
    """The next whole groups behind ``run.last_group``, about ``limit`` rows of them."""
    fetched = foundation.fetch(
        "SELECT group_key, row_no, sealed FROM connectors_commerce_stagedrow "
        "WHERE run_id = %s AND group_key > %s ORDER BY group_key, row_no LIMIT %s",
        [run.pk, run.last_group or b"", limit],
    )
    groups: dict[bytes, list[tuple[int, ParsedRow]]] = {}
    for key, number, sealed in fetched:
        groups.setdefault(bytes(key), []).append((number, ParsedRow.unpack(foundation.unseal(sealed, SEAL))))
    if len(fetched) == limit and len(groups) > 1:
        groups.popitem()  # it may go on behind the limit; the next chunk begins with it
    elif len(fetched) == limit:
        return staged_groups(run, limit * 4)  # one group fills the whole window: read it to its end
    return list(groups.items())
