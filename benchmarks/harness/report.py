"""The table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.harness.rows import Row


def number(value: float | None) -> str:
    """Short enough for a column."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def cells(row: Row) -> list[str]:
    """A row as texts."""
    aim = "" if row.aim is None else f"{'≤' if row.lower else '≥'} {number(row.aim)}"
    reached = {None: "", True: "yes", False: "NO"}[row.reached]
    return [
        row.name, f"{number(row.value)} {row.unit}", aim, reached, number(row.limit), row.limit_name,
        number(row.ratio), number(row.p50_ms), number(row.p99_ms), number(row.measures.get("cpu_us")),
        number(row.measures.get("web_mb", row.measures.get("peak_mb"))), _cold(row),
        number(row.load), {None: "", True: "exact", False: "WRONG"}[row.exact], row.note,
    ]  # fmt: skip


def _cold(row: Row) -> str:
    """The same before anything was warm: a rate, or milliseconds."""
    if (rate := row.measures.get("cold_per_s")) is not None:
        return f"{number(rate)} /s"
    span = row.measures.get("cold_ms")
    return "" if span is None else f"{number(span)} ms"


HEAD = (
    "what", "figure", "aim", "ok", "limit", "of what", "ratio", "p50 ms", "p99 ms", "cpu µs", "MB", "cold", "load", "counts", "note",
)  # fmt: skip


def table(rows: Sequence[Row]) -> None:
    """Print all rows as a table."""
    lines_ = [list(HEAD), *[cells(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines_) for column in range(len(HEAD))]
    for line in lines_:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def lines(rows: Sequence[Row]) -> None:
    """Print rows as they come."""
    for row in rows:
        ratio = f" = {number(row.ratio)} of {number(row.limit)} ({row.limit_name})" if row.ratio else ""
        tail = f", p50 {number(row.p50_ms)} p99 {number(row.p99_ms)} ms" if row.p99_ms else ""
        wrong = "  COUNTS ARE WRONG" if row.exact is False else ""
        print(f"    {row.name}: {number(row.value)} {row.unit}{ratio}{tail}{wrong}", flush=True)
