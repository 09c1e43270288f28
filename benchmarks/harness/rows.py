"""A line of the table."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Row:
    """One figure beside what it was measured against.

    ``value`` is per second for rates, milliseconds for spans (``lower``). ``limit`` is what the machine
    did in the same run with nothing of siyu in the way; ``aim`` is what the project wants.
    ``exact`` notes what had to come out exactly; False there is a defect, whatever the speed.
    ``customers`` is the size of the generated brand it ran on; None for a small database of its own.
    """

    name: str
    value: float
    unit: str
    aim: float | None = None
    lower: bool = False
    limit: float | None = None
    limit_name: str = ""
    p50_ms: float | None = None
    p99_ms: float | None = None
    exact: bool | None = None
    note: str = ""
    load: float | None = None
    customers: int | None = None
    measures: dict[str, float] = field(default_factory=dict)

    @property
    def ratio(self) -> float | None:
        """This as a share of the limit; over 1 for a span that is longer than the limit's."""
        return self.value / self.limit if self.limit else None

    @property
    def reached(self) -> bool | None:
        """Whether the aim is reached; None without one."""
        if self.aim is None:
            return None
        return self.value <= self.aim if self.lower else self.value >= self.aim

    def timed(self, spans: Sequence[float]) -> Row:
        """The same with what its parts took, seconds in order: median, p99, and the first one, which is cold."""
        if not spans:
            return self
        measures = {**self.measures, "cold_ms": spans[0] * 1000}
        p50, p99 = percentile(spans, 0.5) * 1000, percentile(spans, 0.99) * 1000
        return replace(self, p50_ms=p50, p99_ms=p99, measures=measures)


@contextmanager
def part(spans: list[float]) -> Iterator[None]:
    """Add the seconds that the block took; nothing when it fails."""
    began = time.perf_counter()
    yield
    spans.append(time.perf_counter() - began)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which ``share`` of all lie (nearest rank); 0 of none."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
