"""How costs grow with the brand, drawn in text from what was measured on generated brands."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.harness.report import number
from benchmarks.harness.rows import Row

BAR, LONGEST = 10, 60
AIM_BAR = 25
PAGES = (
    "home", "customers", "customers by -net_total", "customers with a tag by spending", "customers with a rare tag",
    "customers with four filters", "active customers by last order, rising", "customers found by name", "customer",
    "customer with 10,000 facts", "segments", "segment", "deliveries", "orders that wait to be claimed",
    "region: customers", "region: customers with a rare tag by orders",
)  # fmt: skip
"""Of the many addresses these are drawn."""


def draw(rows: Sequence[Row]) -> None:
    """Print both drawings: what an operation costs, and how long a page takes."""
    print("\n".join(["", *lines(rows)]))


def lines(rows: Sequence[Row]) -> list[str]:
    """Both drawings; empty where nothing was measured on generated brands."""
    costs, pages = by_figure(rows, pages=False), by_figure(rows, pages=True)
    found = list[str]()
    if costs:
        found += [
            f"{'':32}  {'rate or span':>16}  {'cpu µs':>7}  {'p99 ms':>7}  cost, {'#' * BAR} at the smallest"
        ]
        found += [line for name, some in costs.items() for line in _costs(name, some)]
    if pages:
        found += ["", f"p95 of a page in ms; the aim of 200 is a bar of {AIM_BAR}"]
        found += [line for name, some in pages.items() for line in _pages(name, some)]
    return found


def by_figure(rows: Sequence[Row], *, pages: bool) -> dict[str, list[Row]]:
    """Rows of each figure, smallest brand first; of pages those that are drawn, of others those that cost something."""
    found: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row.customers or 0):
        if row.customers and row.name.startswith("page: ") == pages and (pages or row.unit):
            name = row.name.removeprefix("page: ").removesuffix(", p95")
            if not pages or name in PAGES:
                found.setdefault(name, []).append(row)
    order = list(PAGES) if pages else list(found)
    return {name: found[name] for name in order if name in found}


def cost(row: Row) -> float:
    """What grows: processor time of an operation where it was measured, else time on the clock."""
    return row.measures.get("cpu_us") or (row.value if row.lower else 1e6 / row.value if row.value else 0.0)


def people(count: int) -> str:
    """A number of customers in words."""
    if count >= 1_000_000 and count % 100_000 == 0:
        return f"{count / 1_000_000:g} million"
    return f"{count // 1_000} thousand" if count >= 1_000 and count % 1_000 == 0 else f"{count:,}"


def _costs(name: str, found: Sequence[Row]) -> list[str]:
    base = cost(found[0])
    drawn = [name]
    for row in found:
        times = cost(row) / base if base else 0.0
        drawn.append(
            f"  {people(row.customers or 0):>30}  {f'{number(row.value)} {row.unit}':>16}"
            f"  {number(row.measures.get('cpu_us')):>7}  {number(row.p99_ms):>7}"
            f"  {bar(times * BAR)}{'' if row is found[0] else f' ×{times:.2g}'}{_wrong(row)}"
        )
    return drawn


def _pages(name: str, found: Sequence[Row]) -> list[str]:
    return [
        f"{name if row is found[0] else '':<44}{people(row.customers or 0):<13}"
        f"{row.value:>5,.0f}  {bar(row.value / (row.aim or 1) * AIM_BAR)}{_wrong(row)}"
        for row in found
    ]


def bar(length: float) -> str:
    """That many marks, at least one; cut where it would be too long, and then it says so."""
    return "#" * max(1, round(length)) if length <= LONGEST else "#" * LONGEST + "…"


def _wrong(row: Row) -> str:
    return "  COUNTS ARE WRONG" if row.exact is False else ""
