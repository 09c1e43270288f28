"""Rows out of a file, streaming: CSV, tab- or space-separated text, XLSX; UTF-8 or GB18030."""

from __future__ import annotations

import codecs
import csv
import io
import tempfile
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import openpyxl

from siyu.connectors.commerce.problems import RowProblem, bad_file

HEAD = 64 * 1024
MAX_CELL = 20_000
MAX_UNPACKED_MB = 1_000
ENCODINGS = {"utf-8-sig": "utf-8", "gb18030": "gb18030"}
"""How to read it → how to test it; the first that fits all bytes wins."""
OLD_EXCEL = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, slots=True)
class RawRow:
    """One data row: its number in the file (header = 1), its cells, and a problem of reading it."""

    number: int
    cells: tuple[str, ...]
    problem: RowProblem | None = None


@dataclass(slots=True)
class Meter:
    """How far a file has been read: bytes of a text file, rows of an Excel sheet."""

    total: int
    done: int = 0

    @property
    def share(self) -> float:
        """0 to 1; 0 where the whole is unknown."""
        return min(self.done / self.total, 1.0) if self.total > 0 else 0.0


class _Frames(io.RawIOBase):
    """A readable stream over an iterator of bytes; ``meter`` counts them as they are read."""

    def __init__(self, frames: Iterable[bytes], meter: Meter) -> None:
        self._frames = iter(frames)
        self._meter = meter
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        target = memoryview(buffer).cast("B")
        while not self._rest:
            piece = next(self._frames, None)
            if piece is None:
                return 0
            self._rest = piece
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        self._meter.done += size
        return size


def kind_of(head: bytes) -> str:
    """ "xlsx" or "csv" from the first bytes. Raises BadInput for what is neither."""
    if not head.strip():
        raise bad_file("file.empty")
    if head.startswith(b"PK\x03\x04"):
        return "xlsx"
    if head.startswith(OLD_EXCEL):
        raise bad_file("file.xls")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise bad_file("file.utf16")
    if b"\x00" in head:
        raise bad_file("file.no_text")
    return "csv"


def encoding_of(frames: Iterable[bytes]) -> str:
    """ "utf-8-sig" or "gb18030", by decoding all frames. Raises BadInput("file.encoding")."""
    decoders = {name: codecs.getincrementaldecoder(codec)() for name, codec in ENCODINGS.items()}
    seen, wrong = 0, 0
    for frame in frames:
        for name, decoder in list(decoders.items()):
            try:
                decoder.decode(frame)
            except UnicodeDecodeError as error:
                del decoders[name]
                wrong = wrong or seen + error.start + 1
        seen += len(frame)
    if not decoders:
        raise bad_file("file.encoding", position=wrong)
    return next(iter(decoders))


def read_rows(
    frames: Iterable[bytes], *, kind: str, encoding: str, spaced: bool = False, meter: Meter | None = None
) -> Iterator[RawRow]:
    """All rows, the header first, blank rows left out but counted.

    ``spaced`` splits lines at white space (CDNOW). ``meter``, which holds the size of the file, is told how far
    it is. Raises BadInput for a damaged Excel file.
    """
    meter = meter or Meter(0)
    if kind == "xlsx":
        return _xlsx(frames, meter)
    text = io.TextIOWrapper(
        io.BufferedReader(_Frames(frames, meter), 1 << 18), encoding, errors="replace", newline=""
    )
    return _spaced(text) if spaced else _csv(text)


def _spaced(lines: Iterable[str]) -> Iterator[RawRow]:
    for number, line in enumerate(lines, start=1):
        cells = line.split()
        if cells:
            yield RawRow(number, tuple(cells))


def _csv(text: io.TextIOWrapper) -> Iterator[RawRow]:
    first = text.readline()
    delimiter = max(",\t;", key=first.count)
    csv.field_size_limit(MAX_CELL)
    lines = _Lines(_rejoin(first, text))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        lines.taken.clear()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # A quotation mark that is never closed swallows line after line: only the first is the bad one.
            bad, *rest = lines.taken
            lines.give_back(rest)
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            code = "long" if "field larger" in str(error) and not rest else "quote"
            whole = bad.rstrip("\r\n")[:MAX_CELL].replace("\x00", "")
            yield RawRow(number, (whole,), RowProblem(code, limit=MAX_CELL))
            continue
        if any(cell.strip() for cell in cells):
            yield RawRow(number, tuple(cell.replace("\x00", "") for cell in cells))


class _Lines:
    """Lines one after the other; remembers those of the row at hand, and takes lines back."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = iter(lines)
        self._back = deque[str]()
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._back.popleft() if self._back else next(self._lines)
        self.taken.append(line)
        return line

    def give_back(self, lines: Sequence[str]) -> None:
        """The next lines are these."""
        self._back.extendleft(reversed(lines))


def _rejoin(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _xlsx(frames: Iterable[bytes], meter: Meter) -> Iterator[RawRow]:
    with tempfile.TemporaryFile() as spool:
        for frame in frames:
            spool.write(frame)
        try:
            with zipfile.ZipFile(spool) as archive:
                unpacked = sum(item.file_size for item in archive.infolist())
            if unpacked > MAX_UNPACKED_MB * 1_000_000:
                raise bad_file("file.zip_bomb", limit=MAX_UNPACKED_MB)
            book = openpyxl.load_workbook(spool, read_only=True, data_only=True, keep_links=False)
            sheet = book.worksheets[0]
            # It must be unpacked as a whole before its first row: what then takes time is counted in rows.
            meter.total = sheet.max_row or 0
            for number, cells in enumerate(sheet.iter_rows(values_only=True), start=1):
                meter.done = number
                texts = tuple(_cell(cell) for cell in cells)
                if any(texts):
                    yield RawRow(number, texts)
        except (
            zipfile.BadZipFile,
            KeyError,
            ValueError,
            EOFError,
            OSError,
            IndexError,
            SyntaxError,
        ) as error:
            raise bad_file("file.xlsx") from error


def _cell(value: object) -> str:
    """A cell as text. Numbers lose the noise of binary fractions; dates read as dates."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else f"{value:.10f}".rstrip("0")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    return str(value)[:MAX_CELL].strip()
