"""Figures as JSON, written after every bench, so that nothing measured is lost."""

from __future__ import annotations

import json
import os
import string
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.harness import machine
from benchmarks.harness.rows import Row

ROOT = Path(__file__).resolve().parents[2]
DIGITS = string.digits + string.ascii_lowercase


def folder() -> Path:
    """Where figures are kept: ``SIYU_BENCH_RESULTS``, else ``benchmarks/results`` of the checkout."""
    return Path(os.environ.get("SIYU_BENCH_RESULTS") or ROOT / "benchmarks" / "results")


def base36(number: int) -> str:
    """Short and lower-case."""
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = DIGITS[digit] + text
    return text or "0"


def read_rows(place: Path) -> list[Row]:
    """The rows a bench wrote."""
    return [Row(**row) for row in json.loads(place.read_text())]


class Results:
    """The file of one run."""

    def __init__(self, state: Path, *, quick: bool) -> None:
        folder().mkdir(parents=True, exist_ok=True)
        self.place = folder() / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}.json"
        self._head = {
            "taken_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "quick": quick,
            "machine": machine.facts(state),
        }

    def keep(self, rows: Sequence[Row]) -> None:
        """Write all rows there are so far."""
        document: dict[str, Any] = {
            **self._head,
            "rows": [{**asdict(row), "ratio": row.ratio, "reached": row.reached} for row in rows],
        }
        draft = self.place.with_suffix(".part")
        draft.write_text(json.dumps(document, ensure_ascii=False, indent=1))
        draft.replace(self.place)


def on_brands() -> list[Row]:
    """The newest row of each figure and size of brand in all files of full runs."""
    newest: dict[tuple[str, int], Row] = {}
    for row in _rows(sorted(folder().glob("*.json"))):
        if row.customers:
            newest[row.name, row.customers] = row
    return list(newest.values())


def _rows(places: Iterable[Path]) -> Iterable[Row]:
    for place in places:
        document = json.loads(place.read_text())
        if not document["quick"]:
            for row in document["rows"]:
                yield Row(**{name: value for name, value in row.items() if name not in ("ratio", "reached")})
